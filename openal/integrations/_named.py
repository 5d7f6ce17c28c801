"""The class of another tool that has a name."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from openal.errors import ArgumentError, MissingPackageError

__all__ = ["named"]


def named(name: str, module: str, missing: str) -> Callable[..., Any]:
    """The class of that name in a module of a tool; `missing` says how to install it."""
    try:
        import_module(module.partition(".")[0])  # the tool itself
        tool = import_module(module)
    except ImportError as error:
        raise MissingPackageError(missing) from error
    if name not in tool.__all__:
        raise ArgumentError(f"{module} has no {name!r}; it has {tool.__all__}.")
    kind: Callable[..., Any] = getattr(tool, name)
    return kind
