"""A walked test runs all its cases, each with fixtures of its own, and names those that fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.walking import walked

NAMES = {"two": 2, "three": 3}
seen: list[Any] = []


class Told:
    """Stands in for pytest's own: keeps the names of all cases, and of those that fail."""

    def __init__(self) -> None:
        self.run: list[str] = []
        self.failed: list[str] = []

    @contextmanager
    def test(self, name: str) -> Iterator[None]:
        self.run.append(name)
        try:
            yield
        except AssertionError:
            self.failed.append(name)


def odd(value: int) -> None:
    assert value % 2


@pytest.mark.parametrize("value", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("base, check", [(0, odd), (1, lambda value: odd(value))])
def numbers(value: int, base: int, check: Any) -> None:
    check(base + value)


def test_every_case_runs_and_those_that_fail_are_named() -> None:
    told = Told()
    walked(numbers)(subtests=told)
    assert told.run == ["0-odd-two", "0-odd-three", "1-check1-two", "1-check1-three"]
    assert told.failed == ["0-odd-two", "1-check1-three"]


def test_pytest_is_asked_for_the_fixtures_alone() -> None:
    @pytest.mark.parametrize("value", [1])
    def test(value: int, tmp_path: Path) -> None: ...

    assert [*walked(test).__signature__.parameters] == ["subtests", "tmp_path"]  # type: ignore[attr-defined]


@walked
@pytest.mark.parametrize("value", [1, 2])
def test_a_case_finds_an_empty_folder(tmp_path: Path, value: int) -> None:
    assert not [*tmp_path.iterdir()]
    (tmp_path / str(value)).touch()


@walked
@pytest.mark.parametrize("value", [1, 2])
def test_what_a_case_patches_is_mended(monkeypatch: pytest.MonkeyPatch, value: int) -> None:
    assert seen == []
    monkeypatch.setattr(f"{__name__}.seen", [value])
    assert seen == [value]


@walked
@pytest.mark.filterwarnings("ignore:of no matter")
@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 300, None, 1.5, b"", [1]])
def test_any_value_has_a_name(text: Any) -> None:
    """pytest sends names from process to process."""
