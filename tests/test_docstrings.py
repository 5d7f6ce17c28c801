"""Every field of a public dataclass is named in the docstring of its class."""

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pkgutil import iter_modules

import pytest

import openal

ROOMS = ["openal", *(module.name for module in iter_modules(openal.__path__, "openal."))]
ROOMS.remove("openal.__main__")


def dataclasses_of(room: str) -> Iterator[type]:
    """The dataclasses that a room exports."""
    module = importlib.import_module(room)
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if isinstance(value, type) and is_dataclass(value):
            yield value


def unnamed(kind: type) -> list[str]:
    """The public fields that the class docstring names neither in backticks nor as "name: ..."."""
    words = kind.__doc__ or ""
    names = [field.name for field in fields(kind) if not field.name.startswith("_")]  # type: ignore[arg-type]
    return [name for name in names if not _names(name, words)]


def _names(name: str, words: str) -> bool:
    quoted = (re.search(rf"\b{name}\b", code) for code in re.findall("`([^`]+)`", words))
    return any(quoted) or re.search(rf"^\s*{name}: ", words, re.MULTILINE) is not None


@pytest.mark.parametrize("room", ROOMS)
def test_a_docstring_names_every_field(room: str) -> None:
    missing = {kind.__name__: unnamed(kind) for kind in dataclasses_of(room)}
    assert {name: names for name, names in missing.items() if names} == {}


@dataclass
class Example:
    """Has `first`, and words on second.

    Attributes:
        third: a number.
    """

    first: int
    second: int
    third: int
    _own: int


def test_a_field_without_a_word_is_found() -> None:
    assert unnamed(Example) == ["second"]
