"""A round that nobody will finish is closed for good, and an older openal says so."""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from openal.errors import LedgerError
from openal.labeled import LabeledSet
from openal.ledger import _format, read_whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with a round of which one item is answered."""
    labeled = LabeledSet(10, 2, tmp_path / "answers.db")
    labeled.begin_round(SimpleNamespace(indices=[6, 1, 8], scores=[3.0, 2.0, 1.0]))
    labeled.add([1], [0])
    return tmp_path / "answers.db"


def schema(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("PRAGMA user_version").fetchone()
        return int(number)


def test_it_is_on_disk(path: Path) -> None:
    LabeledSet(10, 2, path).abandon_round()
    labeled = LabeledSet(10, 2, path)
    assert labeled.pending_indices.tolist() == []
    assert labeled.known_indices.tolist() == [1]
    assert read_whole(path).summary().endswith("in 1 round, 0 pending; 10 items, 2 classes")
    labeled.begin_round(SimpleNamespace(indices=[6]))


def test_it_says_in_the_file_what_was_abandoned(path: Path) -> None:
    LabeledSet(10, 2, path).abandon_round()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT kind, indices, labels FROM event").fetchall()
    assert rows[-1] == ("abandon", "[6, 8]", "[]")


def test_another_process_notices(path: Path) -> None:
    first, second = LabeledSet(10, 2, path), LabeledSet(10, 2, path)
    first.abandon_round()
    second.begin_round(SimpleNamespace(indices=[2]))
    first.refresh()
    assert first.pending_indices.tolist() == second.pending_indices.tolist() == [2]


def test_only_a_file_with_such_a_round_is_of_the_newer_schema(path: Path) -> None:
    labeled = LabeledSet(10, 2, path)
    labeled.add([6, 8], [0, 1])
    labeled.abandon_round()
    assert schema(path) == 1
    labeled.begin_round(SimpleNamespace(indices=[2]))
    labeled.abandon_round()
    assert schema(path) == 2


def test_an_older_openal_refuses_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LabeledSet(10, 2, path).abandon_round()
    monkeypatch.setattr(_format, "SCHEMAS", (1,))
    with pytest.raises(LedgerError, match=r"has schema 2; this openal reads 1\. Upgrade openal"):
        LabeledSet(10, 2, path)


def test_what_was_not_pending_cannot_have_been_abandoned(path: Path) -> None:
    labeled = LabeledSet(10, 2, path)
    labeled.abandon_round()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (last,) = connection.execute("SELECT checksum FROM event WHERE id = 3").fetchone()
        forged = ["now", "abandon", None, "[4]", "[]", None, None, None]
        columns = ", ".join(_format.COLUMNS)
        marks = ", ".join("?" * 10)
        connection.execute(
            f"INSERT INTO event (id, checksum, {columns}) VALUES ({marks})",
            [4, _format.checksum_of(forged, last), *forged],
        )
    with pytest.raises(LedgerError, match="index 4: no round waits for it"):
        LabeledSet(10, 2, path)
