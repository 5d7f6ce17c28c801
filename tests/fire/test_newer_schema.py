"""A file that a later openal made is refused by this one, everywhere, and left as it is."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from openal.cli import main
from openal.errors import LedgerError
from openal.labeled import LabeledSet
from openal.ledger import read_whole
from tests.fire.ledgers import filled, folder, opened, said

NEWER: dict[str, tuple[str, ...]] = {
    "only the number": (),
    "another column": ("ALTER TABLE event ADD COLUMN reason TEXT",),
    "another table": ("CREATE TABLE task (id INTEGER PRIMARY KEY)",),
    "other tables": ("DROP TABLE event", "ALTER TABLE ledger RENAME TO dataset"),
    "other events": ("UPDATE event SET kind = 'merge' WHERE id = 3",),
}
READ: dict[str, Callable[[Path], object]] = {
    "LabeledSet": opened,
    "of another size": lambda path: LabeledSet(7, ["a"], path),
    "read_whole": read_whole,
}
USED: dict[str, Callable[[LabeledSet], object]] = {
    "add": lambda labeled: labeled.add([1_900], [0]),
    "refresh": LabeledSet.refresh,
    "abandon_round": LabeledSet.abandon_round,
}
REFUSAL = r"answers\.db has schema 4; this openal reads 1, 2 and 3\. Upgrade openal\."


def upgrade(path: Path, *statements: str) -> None:
    """What a later openal may do to a file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in (*statements, "PRAGMA user_version = 4"):
            connection.execute(statement)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


@pytest.mark.parametrize("read", READ.values(), ids=READ)
@pytest.mark.parametrize("statements", NEWER.values(), ids=NEWER)
def test_a_newer_file_is_refused(
    path: Path, statements: tuple[str, ...], read: Callable[[Path], object]
) -> None:
    filled(path)
    upgrade(path, *statements)
    before = folder(path)
    with pytest.raises(LedgerError, match=REFUSAL):
        read(path)
    assert folder(path) == before


@pytest.mark.parametrize("use", USED.values(), ids=USED)
def test_a_file_upgraded_under_an_open_labeled_set(
    path: Path, use: Callable[[LabeledSet], object]
) -> None:
    labeled = filled(path)
    told = said(labeled)
    upgrade(path, *NEWER["another column"])
    before = folder(path)
    with pytest.raises(LedgerError, match=REFUSAL):
        use(labeled)
    assert said(labeled) == told
    assert folder(path) == before


@pytest.mark.parametrize("action", ["check", "export"])
def test_the_command_says_so(
    path: Path, action: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    filled(path)
    upgrade(path, *NEWER["another column"])
    before = folder(path)
    assert main(["ledger", action, "answers.db"]) == 2
    output = capsys.readouterr()
    assert "has schema 4; this openal reads 1, 2 and 3. Upgrade openal." in output.err
    assert (output.err.count("\n"), output.out) == (1, "")
    assert folder(path) == before


def test_an_export_leaves_the_last_one(path: Path) -> None:
    filled(path)
    upgrade(path)
    out = path.with_name("answers.csv")
    out.write_text("of yesterday")
    assert main(["ledger", "export", str(path), "--out", str(out)]) == 2
    assert out.read_text() == "of yesterday"
