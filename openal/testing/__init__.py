"""The battery that any strategy, ours or a user's, must pass."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.testing._world import World, world
    from openal.testing.battery import check_strategy

__all__ = ["World", "check_strategy", "world"]

lazy_package(__name__)
