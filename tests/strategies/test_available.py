"""Strategies are found through the package and through entry points, from no list."""

import sys
from importlib.metadata import EntryPoint
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
    assert available()["NEAT"] is strategies.NEAT


def test_one_that_cannot_be_loaded_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(monkeypatch, EntryPoint("Broken", "no_such_module:X", "openal.strategies"))
    with pytest.warns(UserWarning, match=r"'Broken' cannot be loaded.*no_such_module"):
        assert "Broken" not in available()
