"""The journal behind `LabeledSet(path=...)`: an SQLite file of events, appended and never changed.

```
ledger  size, classes                                  one row; classes is a JSON list of names
event   id, time, kind, annotator, indices, labels, scores, purity, informativeness, checksum
```

`indices` and `labels` are JSON lists, so any SQLite shell can read the answers; the three scores
are little-endian floats. A checksum covers its row and the checksum before it: a changed, missing
or exchanged event is found when it is read; the last ones, missing from their page, by SQLite's
own account of its pages. Nothing in the file is ever executed or unpickled.
"""

import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from openal.errors import LedgerError

__all__ = [
    "WAIT",
    "Event",
    "Ledger",
    "as_text",
    "events",
    "path_of_a_file",
    "require_ours",
    "require_sound",
    "require_tables",
    "start",
]

APPLICATION = int.from_bytes(b"opnl", "big")  # SQLite's application_id, at byte 68 of the file
SCHEMA = 1
WAIT = 30.0  # seconds that a writer waits for the others
FLOATS = {"scores": "<f8", "purity": "<f4", "informativeness": "<f4"}
COLUMNS = ("time", "kind", "annotator", "indices", "labels", *FLOATS)
MARKS = (f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {SCHEMA}")
TABLES = (
    "CREATE TABLE ledger (size INTEGER NOT NULL, classes TEXT NOT NULL)",
    "CREATE TABLE event ("
    "id INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, annotator TEXT, "
    "indices TEXT NOT NULL, labels TEXT NOT NULL, "
    "scores BLOB, purity BLOB, informativeness BLOB, checksum INTEGER NOT NULL)",
)


@dataclass(frozen=True, eq=False)
class Event:
    """One call that changed a labeled set: an "answer", a "relabel", a "retract" or a "round"."""

    kind: str
    indices: list[int]
    labels: list[int]  # as long as indices; empty for "retract" and "round"
    annotator: str | None = None
    scores: np.ndarray | None = None  # float64 [b]
    purity: np.ndarray | None = None  # float32 [b]
    informativeness: np.ndarray | None = None  # float32 [b]
    time: str | None = None  # UTC, as in 2026-01-31T23:59:59Z; None before it is written


class Ledger:
    """A file of events that several processes may read and append to at the same time.

    The file is opened for each call and closed after it, so nothing is held across a fork, a
    thread or a pause of a month. It is one plain file, safe to copy between calls; a rollback
    journal stands beside it only during a write, and after one that was killed until it is opened.
    """

    def __init__(self, path: str | os.PathLike[str], size: int, classes: tuple[str, ...]) -> None:
        self.path = Path(path).absolute()
        self._header = (size, json.dumps(classes))
        self._last = start(*self._header)  # id and checksum read last
        if not os.path.lexists(path_of_a_file(self.path)):
            self._create()

    def read(self, receive: Callable[[Event], None]) -> None:
        """Give `receive` each event that came since the last call."""
        with self._connection() as connection:
            self._read(connection, receive)

    def exchange(self, receive: Callable[[Event], None], send: Callable[[], Event | None]) -> None:
        """Give `receive` the news, then append what `send` returns: one transaction, on disk.

        No other process writes between the two. When `send` raises, nothing is appended. What was
        appended goes to `receive` last, when it is safe.
        """
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._read(connection, receive)
            event = send()
            last = self._last if event is None else self._append(connection, event)
            connection.execute("COMMIT")
        if event is not None:
            receive(event)
        self._last = last

    def _read(self, connection: sqlite3.Connection, receive: Callable[[Event], None]) -> None:
        if self._last[0] == 0:  # the last rows may be gone from a page, and no checksum tells
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            require_sound(self.path, str(found))
        known = connection.execute("SELECT id, checksum FROM event WHERE id = ?", self._last[:1])
        if self._last[0] and known.fetchone() != self._last:
            raise LedgerError(f"{self.path} was replaced since it was read. Open it again.")
        for last, event in events(connection, self.path, self._last):
            receive(event)
            self._last = last

    def _append(self, connection: sqlite3.Connection, event: Event) -> tuple[int, int]:
        row = _encoded(event)
        last = (self._last[0] + 1, _checksum(row, self._last[1]))
        marks = ", ".join("?" * (2 + len(row)))
        columns = f"id, checksum, {', '.join(COLUMNS)}"
        connection.execute(f"INSERT INTO event ({columns}) VALUES ({marks})", (*last, *row))
        return last

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        uri = f"{path_of_a_file(self.path).as_uri()}?mode=rw"  # rw: never creates
        try:
            with closing(
                sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)
            ) as connection:
                # EXTRA also syncs the folder, without which a commit could be undone by a crash.
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.text_factory = as_text
                self._check_header(connection)
                yield connection
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the second, of SQLite's own message
            raise LedgerError(f"{self.path} cannot be used as a ledger: {error}.") from error

    def _check_header(self, connection: sqlite3.Connection) -> None:
        require_ours(connection, self.path)
        require_tables(connection, self.path)
        found = connection.execute("SELECT size, classes FROM ledger").fetchone() or (None, None)
        for name, there, here in zip(("size", "classes"), found, self._header, strict=True):
            if there != here:
                raise LedgerError(f"{self.path} has {name} {there}, asked for was {here}.")

    def _create(self) -> None:
        """Write the empty ledger beside `path`, then give it its name: it is never half made."""
        draft = self.path.with_name(f".{uuid4().hex}.draft")
        try:
            with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                connection.execute("BEGIN")
                for statement in (*MARKS, *TABLES):
                    connection.execute(statement)
                connection.execute("INSERT INTO ledger VALUES (?, ?)", self._header)
                connection.execute("COMMIT")
            _publish(draft, self.path)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"{self.path} cannot be created: {error}.") from error
        finally:
            with suppress(OSError):  # on a read-only disk it was never there
                draft.unlink()


def start(size: int, classes: str) -> tuple[int, int]:
    """The id and the checksum before the first event; `classes` is the text in the file."""
    return 0, zlib.crc32(ascii((size, classes)).encode())


def require_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse an SQLite file that is not a ledger, or one of another schema."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION:
        raise LedgerError(f"{path} is an SQLite file, but not a ledger of openal.")
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    if schema != SCHEMA:
        raise LedgerError(
            f"{path} has schema {schema}; this openal reads {SCHEMA}. Upgrade openal."
        )


def require_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse other tables than ours of these names, and a trigger: it could drop what is written.

    Tables of other names may stand beside them.
    """
    query = "SELECT sql FROM sqlite_master WHERE name = ?"
    for name, expected in zip(("ledger", "event"), TABLES, strict=True):
        if connection.execute(query, [name]).fetchall() != [(expected,)]:
            raise LedgerError(f"{path} is damaged: its table {name!r} is not as openal makes it.")
    trigger = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchone()
    if trigger is not None:
        raise LedgerError(f"{path} has a trigger, {trigger[0]!r}; it may change what is written.")


def require_sound(path: Path, found: str) -> None:
    """Refuse a file of whose pages SQLite says anything but "ok"."""
    if found != "ok":
        first = found.removeprefix("*** in database main ***").strip().splitlines()[0]
        raise LedgerError(f"{path} is damaged: {first}. Restore a copy.")


def events(
    connection: sqlite3.Connection, path: Path, last: tuple[int, int]
) -> Iterator[tuple[tuple[int, int], Event]]:
    """Each event after the one with the id and checksum `last`, with its own; or what is wrong."""
    query = f"SELECT id, checksum, {', '.join(COLUMNS)} FROM event WHERE id > ? ORDER BY id"
    for number, checksum, *row in connection.execute(query, last[:1]):
        if (number, checksum) != (last[0] + 1, _checksum(row, last[1])):
            before = "one before it is missing" if number > 1 else "the table `ledger` is"
            raise LedgerError(f"{path}: event {number} is damaged, or {before}. Restore a copy.")
        last = (number, checksum)
        yield last, _decoded(path, number, row)


def _decoded(path: Path, number: int, row: list[Any]) -> Event:
    written, kind, annotator, indices, labels, *blobs = row
    try:
        scores, purity, informativeness = (
            None if blob is None else np.frombuffer(blob, dtype).astype(dtype[1:])
            for blob, dtype in zip(blobs, FLOATS.values(), strict=True)
        )
        where, what = _integers(indices), _integers(labels)
        return Event(kind, where, what, annotator, scores, purity, informativeness, written)
    except (ValueError, TypeError, RecursionError) as error:
        raise LedgerError(f"{path}: event {number} cannot be read: {error}") from error


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was faster; its ledger is as good
    except OSError:  # a file system without hard links: two creators within a moment collide
        if not path.exists():
            draft.rename(path)


def as_text(cell: bytes) -> str:
    """Any bytes as text, so that a damaged cell is found by its checksum, not by its decoding."""
    return cell.decode("utf-8", "surrogateescape")


def path_of_a_file(path: Path) -> Path:
    """`path` if it may be a ledger; only looks at names and sizes.

    The file must not be opened outside SQLite: closing it would drop the locks of other threads.
    """
    if "\0" in str(path):
        raise LedgerError(f"The path {str(path)!r} holds a NUL character.")
    if not path.parent.is_dir():
        raise LedgerError(f"{path} cannot be created: there is no folder {path.parent}.")
    if path.exists() and not path.is_file():
        raise LedgerError(f"{path} is not a file.")
    if path.exists() and path.stat().st_size == 0:
        raise LedgerError(f"{path} is empty (0 bytes): no ledger. Restore it, or remove it.")
    return path


def _checksum(row: list[Any], before: int) -> int:
    return zlib.crc32(ascii(row).encode(), before)  # ascii: repr, the same on every Python


def _encoded(event: Event) -> list[Any]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    floats = {name: getattr(event, name) for name in FLOATS}
    return [
        *(now, event.kind, event.annotator, json.dumps(event.indices), json.dumps(event.labels)),
        *(None if v is None else v.astype(FLOATS[name]).tobytes() for name, v in floats.items()),
    ]


def _integers(text: str) -> list[int]:
    values = json.loads(text)
    if type(values) is not list or not all(type(value) is int for value in values):
        raise ValueError(f"{text:.40} is not a list of integers")
    return values
