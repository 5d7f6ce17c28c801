"""The class of another tool that has a name."""

from collections.abc import Callable
from typing import Any

from openal._optional import optional
from openal.errors import ArgumentError

__all__ = ["named"]


def named(name: str, module: str) -> Callable[..., Any]:
    """The class of that name in a module of an optional package."""
    tool = optional(module, repr(name))
    if name not in tool.__all__:
        raise ArgumentError(f"{module} has no {name!r}; it has {tool.__all__}.")
    kind: Callable[..., Any] = getattr(tool, name)
    return kind
