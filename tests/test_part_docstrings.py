"""Every field of a score, stage, group, vector or strategy has a line in its class's docstring."""

import inspect
import re
from dataclasses import KW_ONLY, dataclass, fields, is_dataclass
from types import ModuleType

import pytest

from openal import informativeness, purity, selection, strategies
from tests.walking import walked

KINDS = [
    value
    for room in (purity, informativeness, selection, strategies)
    for value in (getattr(room, name) for name in room.__all__)
    if isinstance(value, type) and is_dataclass(value)
]


def unnamed(kind: type) -> list[str]:
    """The public fields without a line of their own in `Args:`."""
    lines = inspect.cleandoc(kind.__doc__ or "").partition("\nArgs:\n")[2]
    named = re.findall(r"^    (\w+): ", lines, re.MULTILINE)
    return [field.name for field in fields(kind) if field.name not in named]  # type: ignore[arg-type]


@walked
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_has_a_line(kind: type) -> None:
    assert unnamed(kind) == []


@dataclass
class Example:
    """Words on `second` before the arguments.

    Args:
        first: a number.
    """

    first: int
    _: KW_ONLY
    second: int


def test_a_field_without_a_line_is_found() -> None:
    assert unnamed(Example) == ["second"]


@walked
@pytest.mark.parametrize("room", [purity, informativeness, selection, strategies])
def test_a_module_begins_with_a_statement(room: ModuleType) -> None:
    modules = {inspect.getmodule(getattr(room, name)) for name in room.__all__}
    first = {
        module.__name__: (module.__doc__ or "?").partition("\n")[0] for module in modules if module
    }
    assert [name for name, line in first.items() if line.endswith("?")] == []
