"""Every strategy there is: those of this package, and those that others have installed."""

import inspect
import sys
import warnings
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from openal.query import QueryStrategy

__all__ = ["available"]


def available() -> dict[str, type[QueryStrategy]]:
    """Strategy classes by name: our own, and those in the entry-point group `openal.strategies`.

    >>> list(available())[:3]
    ['AlphaMix', 'BADGE', 'BALD']
    """
    package = sys.modules[__package__]
    named = {name: getattr(package, name) for name in package.__all__}
    ours: dict[str, Any] = {name: kind for name, kind in named.items() if inspect.isclass(kind)}
    entries = entry_points(group="openal.strategies")
    loaded = {entry.name: kind for entry in entries if (kind := _loaded(entry)) is not None}
    for name in {*loaded} & {*ours}:
        if loaded[name] is not ours[name]:
            warnings.warn(f"strategy {name!r} is openal's own; the other is left out", stacklevel=2)
    return dict(sorted({**loaded, **ours}.items()))


def _loaded(entry: EntryPoint) -> type[QueryStrategy] | None:
    """Its class, or None and a warning: one package of somebody else's must not end the list."""
    try:
        kind: type[QueryStrategy] = entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too, as a script without a main guard raises it
        reason = f"{type(error).__name__}: {error}"
        warnings.warn(f"strategy {entry.name!r} cannot be loaded: {reason}", stacklevel=3)
        return None
    if not _can_be_made(kind):
        warnings.warn(
            f"strategy {entry.name!r} is left out: {entry.value} is no class with a method "
            f"`query` that can be made, but {kind!r:.80}",
            stacklevel=3,
        )
        return None
    return kind


def _can_be_made(kind: Any) -> bool:
    """Whether it is a class of strategies, and no base of such classes."""
    known = inspect.isclass(kind) and issubclass(kind, QueryStrategy)
    base = inspect.isabstract(kind) or getattr(kind, "_is_protocol", False)
    return known and callable(kind.query) and not base
