"""The battery that any strategy, ours or a user's, must pass."""

from openal.testing.battery import check_strategy
from openal.testing.worlds import World, world

__all__ = ["World", "check_strategy", "world"]
