"""A ledger that another program has open, with a change that it has not finished."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Timer

import pytest

from openal import LabeledSet
from openal.errors import LedgerError
from openal.ledger import read_whole

WHY = r"another program has it locked.* 0\.2 seconds of waiting.*try again"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger with one answer, for which nobody waits long."""
    path = tmp_path / "answers.db"
    LabeledSet(5, 2, path=path).add(0, 1)
    monkeypatch.setattr("openal.ledger._journal.WAIT", 0.2)
    monkeypatch.setattr("openal.ledger._inspect.WAIT", 0.2)
    return path


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    settings = {"isolation_level": None, "check_same_thread": False}
    with closing(sqlite3.connect(path, **settings)) as other:  # type: ignore[call-overload]
        other.execute("BEGIN EXCLUSIVE")
        yield other


def test_adding_says_who_is_in_the_way_and_loses_nothing(path: Path) -> None:
    labeled = LabeledSet(5, 2, path=path)
    with locked(path), pytest.raises(LedgerError, match=f"used as a ledger: {WHY}"):
        labeled.add(1, 0)
    labeled.add(2, 1)
    assert labeled.known_indices.tolist() == [0, 2]


def test_opening_says_who_is_in_the_way(path: Path) -> None:
    with locked(path), pytest.raises(LedgerError, match=WHY):
        LabeledSet(5, 2, path=path)


def test_reading_says_who_is_in_the_way(path: Path) -> None:
    with locked(path), pytest.raises(LedgerError, match=f"cannot be read: {WHY}"):
        read_whole(path)


def test_a_lock_that_is_given_up_in_time_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openal.ledger._journal.WAIT", 30.0)
    labeled = LabeledSet(5, 2, path=path)
    with locked(path) as other:
        Timer(0.1, other.execute, ["ROLLBACK"]).start()
        begin = time.monotonic()
        labeled.add(1, 0)
    assert 0.05 < time.monotonic() - begin < 20
