"""What the fields of a part may hold: a flag, a name, a path, a device or a function."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import torch

from openal.errors import ArgumentError

__all__ = ["as_device", "check_fields"]

PLAIN = {bool: "True or False", str: "a name", Path: "a path", torch.device: "a device"}
"""The types that a value is held against; counts and numbers have limits of their own."""


def check_fields(part: Any) -> None:
    """Refuse a field of a dataclass that holds another type than it says, as for a flag "no".

    Only flags, names, paths, devices and functions are looked at, and only if not as they come.
    """
    for each in fields(part):
        value = getattr(part, each.name)
        if value is not each.default:
            _require_kind(each.name, value, _kinds(each.type))


def as_device(value: Any) -> torch.device:
    """The device, which is one of this machine."""
    _require_kind("device", value, {str, torch.device})
    device = torch.device(value)
    try:
        torch.empty(0, device=device)
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        why = str(error).partition("\n")[0]
        raise ArgumentError(f"device {value!r} cannot be used here: {why:.200}") from error
    return device


def _kinds(hint: Any) -> set[Any]:
    """The types of a union, or the one type; a function as `Callable`."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return {Callable if get_origin(each) is Callable else each for each in kinds}


def _require_kind(name: str, value: Any, kinds: set[Any]) -> None:
    none, kinds = NoneType in kinds, kinds - {NoneType}
    if value is None and none:
        return
    if kinds == {Callable} and not callable(value):
        raise ArgumentError(f"{name} must be a function{' or None' * none}, got {value!r:.80}.")
    if kinds and kinds <= PLAIN.keys() and not isinstance(value, tuple(kinds)):
        what = [PLAIN[kind] for kind in PLAIN if kind in kinds] + ["None"] * none
        raise ArgumentError(f"{name} must be {' or '.join(what)}, got {value!r:.80}.")
    if torch.device in kinds:
        _require_device(name, value)


def _require_device(name: str, value: Any) -> None:
    try:
        torch.device(value)
    except RuntimeError as error:
        why = str(error).partition("\n")[0]
        raise ArgumentError(
            f"{name} must name a device of torch, got {value!r:.80}: {why:.200}"
        ) from error
