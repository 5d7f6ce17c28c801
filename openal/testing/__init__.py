"""The battery that any strategy, ours or a user's, must pass."""

from openal.testing._world import World, world
from openal.testing.battery import check_strategy

__all__ = ["World", "check_strategy", "world"]
