"""Every strategy there is: those of this package, and those that others have installed."""

import inspect
import sys
import warnings
from importlib.metadata import entry_points

from openal.query import QueryStrategy

__all__ = ["available"]


def available() -> dict[str, type[QueryStrategy]]:
    """Strategy classes by name: our own, and those in the entry-point group `openal.strategies`.

    >>> list(available())[:3]
    ['AlphaMix', 'BADGE', 'BALD']
    """
    package = vars(sys.modules[__package__])
    ours = {name: value for name, value in package.items() if inspect.isclass(value)}
    theirs = {}
    for entry in entry_points(group="openal.strategies"):
        try:
            theirs[entry.name] = entry.load()
        except Exception as error:  # somebody else's package: say so, and go on without it
            warnings.warn(f"strategy {entry.name!r} cannot be loaded: {error}", stacklevel=2)
    return dict(sorted({**theirs, **ours}.items()))
