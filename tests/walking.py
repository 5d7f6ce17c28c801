"""A parametrized test as one item, which walks its cases and names each of them that fails."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

import pytest

__all__ = ["walked"]

Case = tuple[str, dict[str, Any]]


def walked(test: Callable[..., None]) -> Callable[..., None]:
    """Stands above all `parametrize` of a test, whose product becomes subtests of one item.

    Every case is run, also after one has failed. `tmp_path` and `monkeypatch` are made anew for
    each; other fixtures are those of the item.
    """
    marks: list[pytest.Mark] = test.pytestmark  # type: ignore[attr-defined]
    tables = [cases_of(mark) for mark in marks if mark.name == "parametrize"]
    cases = [joined(parts) for parts in product(*tables)]

    def walk(subtests: pytest.Subtests, **fixtures: Any) -> None:
        for number, (name, arguments) in enumerate(cases):
            with subtests.test(name), ExitStack() as stack:
                test(**arguments, **dict(renewed(fixtures, number, stack)))

    walk.__name__, walk.__doc__, walk.__module__ = test.__name__, test.__doc__, test.__module__
    walk.__signature__ = signature_of(test, {*cases[0][1]})  # type: ignore[attr-defined]
    walk.pytestmark = [mark for mark in marks if mark.name != "parametrize"]  # type: ignore[attr-defined]
    return walk


def signature_of(test: Callable[..., None], given: set[str]) -> inspect.Signature:
    """What pytest is to pass: the fixtures that the test asks for, and `subtests`."""
    asked = [p for name, p in inspect.signature(test).parameters.items() if name not in given]
    own = inspect.Parameter("subtests", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return inspect.Signature([own, *asked])


def renewed(fixtures: dict[str, Any], number: int, stack: ExitStack) -> Iterator[tuple[str, Any]]:
    """The fixtures for one case."""
    for name, value in fixtures.items():
        if name == "tmp_path":
            yield name, new_folder(value / str(number))
        elif name == "monkeypatch":
            yield name, stack.enter_context(pytest.MonkeyPatch.context())
        else:
            yield name, value


def new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


# --- cases by name, in pytest's order and with pytest's names


def joined(parts: tuple[Case, ...]) -> Case:
    """One case of several tables."""
    arguments = {name: value for _, part in parts for name, value in part.items()}
    return "-".join(name for name, _ in parts), arguments


def cases_of(mark: pytest.Mark) -> list[Case]:
    """The rows of one table, by their names."""
    names = [name.strip() for name in mark.args[0].split(",")]
    rows = [(row,) if len(names) == 1 else tuple(row) for row in mark.args[1]]
    cases = [dict(zip(names, row, strict=True)) for row in rows]
    return list(zip(titles(cases, mark.kwargs.get("ids")), cases, strict=True))


def titles(cases: list[dict[str, Any]], ids: Any) -> list[str]:
    """What `ids` says, a list or a function of each value; without it, what the values say."""
    if ids is not None and not callable(ids):
        return [*ids]
    return [
        "-".join(
            str(ids(value)) if ids else title(value, f"{name}{at}") for name, value in case.items()
        )
        for at, case in enumerate(cases)
    ]


def title(value: Any, otherwise: str) -> str:
    """A text, a number or the name of a function in printable characters."""
    if isinstance(value, str | int | float | None):
        return ascii(str(value))[1:-1][:100]
    name: str = getattr(value, "__name__", "<")
    return otherwise if name.startswith("<") else name
