"""Everything a ledger says, read once from its first page to its last event."""

import json
import sqlite3
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from openal.answers import SKIPPED, UNKNOWN, Answers
from openal.audit.opening import code, looked_at, missing_bytes
from openal.errors import ArgumentError, LedgerError
from openal.ledger import Event, events, require_ours, require_sound, require_tables, start

__all__ = ["Found", "read_whole"]

ROWS = {
    "ledger": "SELECT rowid, * FROM ledger ORDER BY rowid",
    "event": "SELECT rowid, * FROM event ORDER BY rowid",
}


@dataclass(frozen=True, eq=False)
class Found:
    """A whole ledger: its answers, and when each of them was given."""

    answers: Answers
    times: dict[int, str | None]  # index -> UTC, of the event that gave it the label it has

    def counted(self) -> str:
        """One line for people."""
        labels = list(self.answers.labels.values())
        unknown, skipped = labels.count(UNKNOWN), labels.count(SKIPPED)
        return (
            f"{len(labels)} answers ({len(labels) - unknown - skipped} known, {unknown} unknown, "
            f"{skipped} skipped) in {len(self.answers.rounds)} rounds, "
            f"{len(self.answers.pending)} pending; "
            f"{self.answers.size} items, {len(self.answers.classes)} classes"
        )


def read_whole(path: Path) -> Found:
    """The ledger at `path` if all of it is in order, else a LedgerError that names what is not.

    SQLite's pages and rows, the tables, the checksum of every event, and whether each answer could
    be given when it was: nothing is skipped, repaired or guessed, and nothing is changed.
    """
    path = path.absolute()
    return looked_at(path, partial(_read, path))


def _read(path: Path, connection: sqlite3.Connection) -> Found:
    require_ours(connection, path)
    _require_pages(connection, path)
    require_tables(connection, path)
    size, text = _header(connection, path)
    found = Found(_answers(path, size, text), {})
    for _, event in events(connection, path, start(size, text)):
        _receive(found, event, path)
    return found


def _require_pages(connection: sqlite3.Connection, path: Path) -> None:
    (file,) = (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")
    cut = missing_bytes(Path(file))
    if cut:
        raise LedgerError(f"{path} is damaged: {cut}. Restore a copy.")
    require_sound(path, _said_of_pages(connection))


def _said_of_pages(connection: sqlite3.Connection) -> str:
    """What SQLite says of its pages; where it only says that some are malformed, also where."""
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if code(error) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return f"{error}, in {_unreadable(connection)}"


def _unreadable(connection: sqlite3.Connection) -> str:
    """The first row that cannot be read."""
    for table, query in ROWS.items():
        last = 0
        try:
            for last, *_ in connection.execute(query):  # noqa: B007
                pass
        except sqlite3.DatabaseError:
            return f"table {table!r} after row {last}"
    return "a page of no row"


def _header(connection: sqlite3.Connection, path: Path) -> tuple[int, str]:
    match connection.execute("SELECT size, classes FROM ledger").fetchall():
        case [(int(size), str(classes))]:
            return size, classes
        case rows:
            raise LedgerError(
                f"{path} is damaged: table 'ledger' has {len(rows)} rows; one was expected, a "
                "size and a list of classes."
            )


def _answers(path: Path, size: int, text: str) -> Answers:
    try:
        classes = json.loads(text)
        if type(classes) is not list or json.dumps(classes) != text:
            raise ValueError(f"classes {text:.60} is not a list of names")
        return Answers(size, classes)
    except (ValueError, RecursionError) as error:  # an ArgumentError is a ValueError
        raise LedgerError(f"{path} is damaged: table 'ledger': {error}") from error


def _receive(found: Found, event: Event, path: Path) -> None:
    try:
        found.answers.check(event)
    except ArgumentError as error:
        raise LedgerError(f"{path} contradicts itself: {error}") from error
    found.answers.apply(event)
    if event.kind in ("answer", "relabel"):
        found.times.update(dict.fromkeys(event.indices, event.time))
