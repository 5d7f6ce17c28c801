"""Every public function says what goes in, what comes out, what is refused, and the source."""

import builtins
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openal import errors, functional
from tests.walking import walked

INNER = {
    *(
        "agreement_bounds",
        "as_cosines",
        "draw_far_rows",
        "factors",
        "gradient_factors",
        "in_blocks",
        "scale_of",
    ),
    *("cluster_means", "squared_distances"),
}
"""Shared between modules of the room, and exported by none."""

REFUSES_NOTHING = {"standard"}
"""What calls it has checked."""


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """What a module without an underscore lists."""
    for module in public_modules():
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) and name not in INNER:
                yield name, value


def public_modules() -> list[Any]:
    names = [found.name for found in pkgutil.iter_modules(functional.__path__)]
    path = functional.__name__
    return [importlib.import_module(f"{path}.{name}") for name in names if name[0] != "_"]


FUNCTIONS = dict(public_functions())
documented = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def docstring(name: str) -> str:
    return inspect.getdoc(FUNCTIONS[name]) or ""


def section(name: str, title: str) -> str:
    """The lines of a section, with their indents taken off; empty where there is none."""
    match = re.search(rf"^{title}:\n((?:    .*\n)+)", docstring(name) + "\n", re.MULTILINE)
    return "" if match is None else inspect.cleandoc(match[1])


def test_all_that_the_room_exports_is_looked_at() -> None:
    exported = {
        name for name in functional.__all__ if inspect.isfunction(getattr(functional, name))
    }
    assert exported <= set(FUNCTIONS)
    assert not INNER & set(functional.__all__)


@walked
@documented
def test_the_first_line_is_a_sentence(name: str) -> None:
    first, *rest = docstring(name).split("\n")
    assert first.endswith(".")
    assert "?" not in first
    assert rest[:1] in ([], [""])


@walked
@documented
def test_every_parameter_is_described(name: str) -> None:
    described = re.findall(r"^(\w+): \S", section(name, "Args"), re.MULTILINE)
    assert described == list(inspect.signature(FUNCTIONS[name]).parameters)


@walked
@documented
def test_the_result_is_described_by_its_type(name: str) -> None:
    types = r"float|int|bool|dtype|`[A-Z]\w+`"  # a number, an array of these, or a named tuple
    assert re.search(types, section(name, "Returns"))


@walked
@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - REFUSES_NOTHING))
def test_the_errors_are_described_by_their_classes(name: str) -> None:
    classes = re.findall(r"^(\w+): \S", section(name, "Raises"), re.MULTILINE)
    assert classes
    for each in classes:
        assert issubclass(getattr(errors, each, None) or getattr(builtins, each), Exception)


@walked
@documented
def test_the_source_is_named(name: str) -> None:
    found = re.search(r"^Reference: ((?:.+\n)+)", docstring(name) + "\n", re.MULTILINE)
    assert found is not None
    assert re.search(r"\b(19|20)\d\d\b|\bours\b", found[1])


@pytest.mark.parametrize("module", public_modules(), ids=lambda module: module.__name__)
def test_a_module_begins_with_a_statement(module: Any) -> None:
    first = (module.__doc__ or "").split("\n")[0]
    assert first.endswith(".")
    assert "?" not in first
