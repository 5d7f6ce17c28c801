"""What the fields of a part may hold: a flag, a name, a path, a device or a function."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import torch

from openal.errors import ArgumentError

__all__ = ["as_device", "check_fields"]

PLAIN: dict[Any, tuple[Any, str]] = {
    bool: (bool | np.bool_, "True or False"),
    int: (int | np.integer, "an integer"),
    float: (int | float | np.number, "a number"),
    str: (str, "a name"),
    Path: (Path, "a path"),
    torch.device: (torch.device, "a device"),
}
"""The annotations that a value is held against: what it may be, in Python and in words."""


def check_fields(part: Any) -> None:
    """Refuse a field of a dataclass that holds another kind of value than its annotation says.

    Looked at are flags, whole and other numbers, names, paths, devices, functions and `Literal`,
    alone or in a union with None; whatever else an annotation names is left to the part.
    """
    kind: Any = type(part)
    hints = _hints(kind)
    for field in fields(part):
        value = getattr(part, field.name)
        if field.name in hints and value is not field.default:
            _require_kind(field.name, value, hints[field.name])


@cache
def _hints(kind: Any) -> dict[str, tuple[Any, ...]]:
    """The alternatives of each annotation; none where a name in it cannot be found."""
    try:
        found = get_type_hints(kind)
    except NameError:
        return {}
    return {name: _alternatives(hint) for name, hint in found.items()}


def as_device(value: Any) -> torch.device:
    """The device, which is one of this machine."""
    _require_kind("device", value, (str, torch.device))
    device = torch.device(value)
    try:
        torch.empty(0, device=device)
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        why = str(error).partition("\n")[0]
        raise ArgumentError(f"device {value!r} cannot be used here: {why:.200}") from error
    return device


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """The members of a union, or the one hint; a function as `Callable`."""
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(Callable if get_origin(each) is Callable else each for each in members)


def _require_kind(name: str, value: Any, kinds: Iterable[Any]) -> None:
    kinds = tuple(kinds)
    known = [kind for kind in kinds if kind is not NoneType]
    if (value is None and NoneType in kinds) or not all(map(_is_plain, known)):
        return
    if not any(_holds(kind, value) for kind in known):
        words = [word for kind in known for word in _words(kind)] + ["None"] * (NoneType in kinds)
        raise ArgumentError(f"{name} must be {_either(words)}, got {value!r:.80}.")
    if torch.device in known:
        _require_device(name, value)


def _is_plain(kind: Any) -> bool:
    return kind in PLAIN or kind is Callable or get_origin(kind) is Literal


def _holds(kind: Any, value: Any) -> bool:
    if kind is Callable:
        return callable(value)
    if get_origin(kind) is Literal:
        return any(type(value) is type(option) and value == option for option in get_args(kind))
    if kind is not bool and isinstance(value, bool | np.bool_):
        return False
    return isinstance(value, PLAIN[kind][0])


def _words(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [repr(option) for option in get_args(kind)]
    return ["a function" if kind is Callable else PLAIN[kind][1]]


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _require_device(name: str, value: Any) -> None:
    try:
        torch.device(value)
    except RuntimeError as error:
        why = str(error).partition("\n")[0]
        raise ArgumentError(
            f"{name} must name a device of torch, got {value!r:.80}: {why:.200}"
        ) from error
