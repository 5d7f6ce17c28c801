"""A ledger read whole, from its first page to its last event; nothing is changed or left beside it.

After a kill in the middle of a write, a rollback journal stands beside the file. SQLite would take
the half-written pages back when it is opened for writing; here that happens to a copy.

For a process of its own: the file is also read outside SQLite, which, where threads of the same
process are writing to it, would give up their locks.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from openal._words import plural
from openal.errors import ArgumentError, LedgerError
from openal.ledger._answers import Answers
from openal.ledger._events import SKIPPED, UNKNOWN, Event
from openal.ledger._format import (
    decoded_text,
    events,
    first_position,
    require_ours,
    require_sound,
    require_tables,
    wal_refusal,
)
from openal.ledger._journal import WAIT, failure, path_of_a_file

__all__ = ["LedgerReport", "read_only", "read_whole"]

T = TypeVar("T")

MAGIC = b"SQLite format 3\0"
HEADER = 100  # bytes
WAL = 2  # at bytes 18 and 19 of a file in WAL mode
TRIES = 100


def read_only(path: Path, read: Callable[[sqlite3.Connection], T]) -> T:
    """What `read` returns of the ledger; a LedgerError that says why it cannot be read."""
    try:
        _require_file(path)
        for _ in range(TRIES):
            try:
                return _read_at_once(path, read)
            except sqlite3.OperationalError as error:
                if _sqlite_code(error) != sqlite3.SQLITE_READONLY_ROLLBACK:
                    raise
            with TemporaryDirectory() as folder:
                if _copied(path, Path(folder) / "ledger"):
                    return _read_at_once(Path(folder) / "ledger", read, mode="rw")
        raise LedgerError(f"{path} changes all the time; try again.")
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the second, of SQLite's own message
        cut = _missing_bytes(path)
        if cut is None:
            raise failure(path, "read", error) from error
        raise LedgerError(f"{path} cannot be read: {cut}.") from error
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error}.") from error


def _missing_bytes(path: Path) -> str | None:
    """Where the file ends, if that is before its last page; None if it is as long as it says."""
    header, size = _header(path), os.stat(path).st_size
    if not header.startswith(MAGIC) or len(header) < HEADER:
        return None
    page = int.from_bytes(header[16:18], "big")
    length = int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page)
    return f"it is cut, after {size} of its {length} bytes" if size < length else None


def _sqlite_code(error: sqlite3.Error) -> int:
    """SQLite's extended code; 0 for an error of Python's module around it."""
    return getattr(error, "sqlite_errorcode", 0)


def _read_at_once(path: Path, read: Callable[[sqlite3.Connection], T], mode: str = "ro") -> T:
    uri = f"{path.as_uri()}?mode={mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.text_factory = decoded_text
        connection.execute("BEGIN")  # all that is read is of one moment
        return read(connection)


def _copied(path: Path, copy: Path) -> bool:
    """Copy the file and its journal; False if someone else has taken the write back meanwhile.

    The journal first: while it is there unchanged, nobody has written after it.
    """
    journal, beside = (Path(f"{file}-journal") for file in (path, copy))
    try:
        before = _identity(journal)
        shutil.copyfile(journal, beside)
        shutil.copyfile(path, copy)
        return _identity(journal) == before
    except FileNotFoundError:
        return False


def _identity(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _require_file(path: Path) -> None:
    if "\0" not in str(path) and not path.exists():
        raise LedgerError(f"{path} is not there.")
    path_of_a_file(path)
    header = _header(path)
    if header.startswith(MAGIC) and WAL in header[18:20]:  # to read it, SQLite would write
        raise wal_refusal(path)


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER)


ROWS = {
    "ledger": "SELECT rowid, * FROM ledger ORDER BY rowid",
    "event": "SELECT rowid, * FROM event ORDER BY rowid",
}


@dataclass(frozen=True, eq=False)
class LedgerReport:
    """A whole ledger: its `answers`, and when each of them was given.

    `times` has by index the time (UTC) of the event that gave an item the label it has.
    """

    answers: Answers
    times: dict[int, str | None]

    def summary(self) -> str:
        """One line for people."""
        labels = list(self.answers.labels.values())
        unknown, skipped = labels.count(UNKNOWN), labels.count(SKIPPED)
        rounds = plural(len(self.answers.rounds), "round")
        return (
            f"{plural(len(labels), 'answer')} ({len(labels) - unknown - skipped} known, "
            f"{unknown} unknown, {skipped} skipped) in {rounds}, "
            f"{len(self.answers.pending)} pending; "
            f"{plural(self.answers.size, 'item')}, "
            f"{plural(len(self.answers.classes), 'class', 'es')}"
            f"{self._disputes()}"
        )

    def _disputes(self) -> str:
        disagreements, disputed = len(self.answers.disagreements()), len(self.answers.disputed())
        waiting = f", {disputed} of them to be asked again" if disputed else ""
        return f"; {disagreements} disagreements{waiting}" if disagreements else ""


def read_whole(path: Path) -> LedgerReport:
    """The ledger at `path` if all of it is in order, else a LedgerError that names what is not.

    SQLite's pages and rows, the tables, the checksum of every event, and whether each answer could
    be given when it was: nothing is skipped, repaired or guessed, and nothing is changed.
    """
    path = path.absolute()
    return read_only(path, partial(_report, path))


def _report(path: Path, connection: sqlite3.Connection) -> LedgerReport:
    require_ours(connection, path)
    _require_pages(connection, path)
    require_tables(connection, path)
    size, text = _first_row(connection, path)
    report = LedgerReport(_answers(path, size, text), {})
    for event in events(connection, path, first_position(size, text)):
        _receive(report, event, path)
    return report


def _require_pages(connection: sqlite3.Connection, path: Path) -> None:
    (file,) = (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")
    cut = _missing_bytes(Path(file))
    if cut:
        raise LedgerError(f"{path} is damaged: {cut}. Restore a copy.")
    require_sound(path, _integrity(connection))


def _integrity(connection: sqlite3.Connection) -> str:
    """What SQLite says of its pages; where it only says that some are malformed, also where."""
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if _sqlite_code(error) & 0xFF != sqlite3.SQLITE_CORRUPT:
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


def _first_row(connection: sqlite3.Connection, path: Path) -> tuple[int, str]:
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


def _receive(report: LedgerReport, event: Event, path: Path) -> None:
    try:
        report.answers.check(event)
    except ArgumentError as error:
        raise LedgerError(f"{path} contradicts itself: {error}") from error
    labels = report.answers.labels
    touched = [*report.answers.opinions] if event.kind == "policy" else event.indices
    before = {index: labels.get(index) for index in touched}
    report.answers.apply(event)
    if event.kind in ("answer", "relabel"):
        report.times.update(dict.fromkeys(event.indices, event.time))
    changed = [index for index in touched if index in labels and labels[index] != before[index]]
    report.times.update(dict.fromkeys(changed, event.time))
