"""Strategies are found through the package and through entry points, from no list."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from openal import strategies
from openal.query import Chain, QueryStrategy
from openal.strategies import available


def test_every_strategy_of_the_package_is_there_by_name() -> None:
    ours = {name for name in strategies.__all__ if name[0].isupper()}
    assert available().keys() == ours
    assert list(available()) == sorted(available())


def test_what_is_available_is_a_strategy() -> None:
    assert all(isinstance(kind(), QueryStrategy) for kind in available().values())


def installed(monkeypatch: pytest.MonkeyPatch, *entries: EntryPoint) -> None:
    def entry_points(*, group: str) -> Any:
        return [each for each in entries if each.group == group]

    # The function hides its module of the same name as an attribute of the package.
    monkeypatch.setattr(sys.modules["openal.strategies._available"], "entry_points", entry_points)


def test_what_others_have_installed_shows_up(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("Theirs", "openal.query:Chain", "openal.strategies")
    other = EntryPoint("Elsewhere", "openal.query:Chain", "another.group")
    installed(monkeypatch, entry, other)
    assert available()["Theirs"] is Chain
    assert "Elsewhere" not in available()


def test_nobody_replaces_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, EntryPoint("NEAT", "openal.query:Chain", "openal.strategies"))
    with pytest.warns(UserWarning, match="'NEAT' is openal's own; the other is left out"):
        assert available()["NEAT"] is strategies.NEAT


def test_ours_by_an_entry_point_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, EntryPoint("NEAT", "openal.strategies:NEAT", "openal.strategies"))
    assert available()["NEAT"] is strategies.NEAT


def test_one_that_cannot_be_loaded_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(monkeypatch, EntryPoint("Broken", "no_such_module:X", "openal.strategies"))
    with pytest.warns(UserWarning, match=r"'Broken' cannot be loaded.*no_such_module"):
        assert "Broken" not in available()


@pytest.mark.parametrize("line", ["raise SystemExit(3)", "raise GeneratorExit", "1 / 0"])
def test_a_module_that_ends_the_program_does_not_end_the_list(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ends_the_program.py").write_text(line)
    monkeypatch.syspath_prepend(tmp_path)
    installed(monkeypatch, EntryPoint("Ends", "ends_the_program:X", "openal.strategies"))
    with pytest.warns(UserWarning, match="'Ends' cannot be loaded: "):
        assert available().keys() == set(strategies.__all__) - {"available", "suggest"}


def test_an_interrupt_while_one_is_loaded_is_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "is_interrupted.py").write_text("raise KeyboardInterrupt")
    monkeypatch.syspath_prepend(tmp_path)
    installed(monkeypatch, EntryPoint("Slow", "is_interrupted:X", "openal.strategies"))
    with pytest.raises(KeyboardInterrupt):
        available()


class QueryIsNoMethod:
    query = "Random"


@pytest.mark.parametrize(
    "value",
    [
        "math:pi",
        "math:sqrt",
        "openal.query",
        "openal:Pool",
        "openal.strategies:available",
        "openal.query:Paper",
        "openal:QueryStrategy",
        "tests.strategies.test_available:QueryIsNoMethod",
    ],
)
def test_what_is_no_strategy_class_is_left_out_with_a_warning(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, EntryPoint("Other", value, "openal.strategies"))
    with pytest.warns(UserWarning, match=f"'Other' is left out: {value} is no class"):
        assert "Other" not in available()
