"""The journal behind `LabeledSet(path=...)`: an SQLite file of events, appended and never changed.

```
ledger  size, classes                                  one row; classes is a JSON list of names
event   id, time, kind, annotator, indices, labels, scores, purity, informativeness, checksum
```

`indices` and `labels` are JSON lists, so any SQLite shell can read the answers; the three scores
are little-endian floats. A checksum covers its row and the checksum before it: a changed, missing
or exchanged event is found when it is read. Nothing in the file is ever executed or unpickled.
"""

import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from openal.errors import LedgerError

__all__ = ["Event", "Ledger"]

APPLICATION = int.from_bytes(b"opnl", "big")  # SQLite's application_id, at byte 68 of the file
SCHEMA = 1
WAIT = 30.0  # seconds that a writer waits for the others
FLOATS = {"scores": "<f8", "purity": "<f4", "informativeness": "<f4"}
COLUMNS = ("time", "kind", "annotator", "indices", "labels", *FLOATS)
TABLES = (
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {SCHEMA}",
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


class Ledger:
    """A file of events that several processes may read and append to at the same time.

    The file is opened for each call and closed after it, so nothing is held across a fork, a
    thread or a pause of a month. It is one plain file (a rollback journal stands beside it only
    during a write), hence safe to copy between calls.
    """

    def __init__(self, path: str | os.PathLike[str], size: int, classes: tuple[str, ...]) -> None:
        self.path = Path(path).absolute()
        self._header = (size, json.dumps(classes))
        self._last = (0, zlib.crc32(ascii(self._header).encode()))  # id and checksum read last
        if not os.path.lexists(_checked(self.path)):
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
        known = connection.execute("SELECT id, checksum FROM event WHERE id = ?", self._last[:1])
        if self._last[0] and known.fetchone() != self._last:
            raise LedgerError(f"{self.path} was replaced since it was read. Open it again.")
        query = f"SELECT id, checksum, {', '.join(COLUMNS)} FROM event WHERE id > ? ORDER BY id"
        for number, checksum, *row in connection.execute(query, self._last[:1]):
            if (number, checksum) != (self._last[0] + 1, _checksum(row, self._last[1])):
                raise LedgerError(
                    f"{self.path}: event {number} is damaged, or one before it is missing. "
                    "Restore a copy."
                )
            receive(self._decoded(number, row))
            self._last = (number, checksum)

    def _append(self, connection: sqlite3.Connection, event: Event) -> tuple[int, int]:
        row = _encoded(event)
        last = (self._last[0] + 1, _checksum(row, self._last[1]))
        marks = ", ".join("?" * (2 + len(row)))
        columns = f"id, checksum, {', '.join(COLUMNS)}"
        connection.execute(f"INSERT INTO event ({columns}) VALUES ({marks})", (*last, *row))
        return last

    def _decoded(self, number: int, row: list[Any]) -> Event:
        _, kind, annotator, indices, labels, *blobs = row
        try:
            floats = [
                None if blob is None else np.frombuffer(blob, dtype).astype(dtype[1:])
                for blob, dtype in zip(blobs, FLOATS.values(), strict=True)
            ]
            return Event(kind, _integers(indices), _integers(labels), annotator, *floats)
        except (ValueError, TypeError, RecursionError) as error:
            raise LedgerError(f"{self.path}: event {number} cannot be read: {error}") from error

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        uri = f"{_checked(self.path).as_uri()}?mode=rw"  # rw: never creates
        try:
            with closing(
                sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)
            ) as connection:
                # EXTRA also syncs the folder, without which a commit could be undone by a crash.
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("PRAGMA trusted_schema = OFF")
                self._check_header(connection)
                yield connection
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path} cannot be used as a ledger: {error}.") from error

    def _check_header(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION:
            raise LedgerError(f"{self.path} is an SQLite file, but not a ledger of openal.")
        schema = connection.execute("PRAGMA user_version").fetchone()[0]
        if schema != SCHEMA:
            raise LedgerError(
                f"{self.path} has schema {schema}; this openal reads {SCHEMA}. Upgrade openal."
            )
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
                for statement in TABLES:
                    connection.execute(statement)
                connection.execute("INSERT INTO ledger VALUES (?, ?)", self._header)
                connection.execute("COMMIT")
            _publish(draft, self.path)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"{self.path} cannot be created: {error}.") from error
        finally:
            draft.unlink(missing_ok=True)


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was faster; its ledger is as good
    except OSError:  # a file system without hard links: two creators within a moment collide
        if not path.exists():
            draft.rename(path)


def _checked(path: Path) -> Path:
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
