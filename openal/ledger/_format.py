"""What the file of a ledger holds: its tables, its events as rows, and the checksum of each.

```
ledger  size, classes                                  one row; classes is a JSON list of names
event   id, time, kind, annotator, indices, labels, scores, purity, informativeness, checksum
```

`indices` and `labels` are JSON lists, so any SQLite shell can read the answers; the three scores
are little-endian floats. Where the keys of the items are known, `indices` is an object of index and
key. Events of the settings have their texts in `labels`: "classes" names that were added, "size"
the new size, "policy" its name, "keys" their number, the size of a block and a checksum for each.
`PRAGMA user_version` is the schema: 1, or a higher one once there is an event that older versions
do not know (2: "abandon"; 3: opinions, settings and keys). A checksum covers its row and the
checksum before it: a changed, missing or exchanged event is found when it is read; the last ones,
missing from their page, by SQLite's own account of its pages. Nothing in the file is ever executed
or unpickled.
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from openal.errors import LedgerError
from openal.ledger._events import SCORES, Event, Position

__all__ = [
    "COLUMNS",
    "KEYED",
    "MARKS",
    "TABLES",
    "append",
    "checksum_of",
    "decoded_text",
    "events",
    "first_position",
    "require_ours",
    "require_sound",
    "require_tables",
    "wal_refusal",
]

APPLICATION = int.from_bytes(b"opnl", "big")  # SQLite's application_id, at byte 68 of the file
SCHEMA = 1
SETTINGS = ("classes", "size", "policy", "keys")
SCHEMA_OF = {"abandon": 2, **dict.fromkeys((*SETTINGS, "opinion", "withdraw"), 3)}
"""Of kinds that came later; a file with none of them stays as it was."""
SCHEMAS = (SCHEMA, 2, 3)
KEYED = ("answer", "opinion", "round", "keys")
"""The kinds of events that tell the keys of their items."""
COLUMNS = ("time", "kind", "annotator", "indices", "labels", *SCORES)
MARKS = (f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {SCHEMA}")
TABLES = (
    "CREATE TABLE ledger (size INTEGER NOT NULL, classes TEXT NOT NULL)",
    "CREATE TABLE event ("
    "id INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, annotator TEXT, "
    "indices TEXT NOT NULL, labels TEXT NOT NULL, "
    "scores BLOB, purity BLOB, informativeness BLOB, checksum INTEGER NOT NULL)",
)


def first_position(size: int, classes: str) -> Position:
    """The position before the first event; `classes` is the text in the file."""
    return 0, zlib.crc32(ascii((size, classes)).encode())


def require_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse an SQLite file that is not a ledger, or one of another schema."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION:
        raise LedgerError(f"{path} is an SQLite file, but not a ledger of openal.")
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    if schema not in SCHEMAS:
        known = " and ".join(", ".join(map(str, SCHEMAS)).rsplit(", ", 1))
        raise LedgerError(f"{path} has schema {schema}; this openal reads {known}. Upgrade openal.")


def wal_refusal(path: Path) -> LedgerError:
    """The error for a ledger that another tool put into WAL mode: a copy of it may lack answers."""
    return LedgerError(
        f"{path} is in SQLite's WAL mode, which openal does not use: its last answers may be in "
        f"another file, {path.name}-wal. PRAGMA journal_mode = DELETE brings them back."
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


def require_sound(path: Path, said: str) -> None:
    """Refuse a file of whose pages SQLite says anything but "ok"."""
    if said != "ok":
        first = said.removeprefix("*** in database main ***").strip().splitlines()[0]
        raise LedgerError(f"{path} is damaged: {first}. Restore a copy.")


def events(connection: sqlite3.Connection, path: Path, last: Position) -> Iterator[Event]:
    """Each event after the position `last`; a LedgerError that says which one is damaged."""
    query = f"SELECT id, checksum, {', '.join(COLUMNS)} FROM event WHERE id > ? ORDER BY id"
    for number, checksum, *row in connection.execute(query, last[:1]):
        if (number, checksum) != (last[0] + 1, checksum_of(row, last[1])):
            before = "one before it is missing" if number > 1 else "the table `ledger` is"
            raise LedgerError(f"{path}: event {number} is damaged, or {before}. Restore a copy.")
        last = (number, checksum)
        yield _decoded(path, last, row)


def append(connection: sqlite3.Connection, last: Position, event: Event) -> Event:
    """Write an event after the position `last`; the event as it is in the file now.

    One of another file keeps its time. The schema rises with the first event of a newer kind, in
    the same transaction.
    """
    now = event.time or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    row = _encoded(event, now)
    position = (last[0] + 1, checksum_of(row, last[1]))
    marks = ", ".join("?" * (2 + len(row)))
    columns = f"id, checksum, {', '.join(COLUMNS)}"
    connection.execute(f"INSERT INTO event ({columns}) VALUES ({marks})", (*position, *row))
    _raise_schema(connection, 3 if event.keys else SCHEMA_OF.get(event.kind, SCHEMA))
    return replace(event, time=now, position=position)


def _raise_schema(connection: sqlite3.Connection, schema: int) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] < schema:
        connection.execute(f"PRAGMA user_version = {schema}")


def _decoded(path: Path, position: Position, row: list[Any]) -> Event:
    written, kind, annotator, indices, labels, *blobs = row
    try:
        scores, purity, informativeness = (
            None if blob is None else np.frombuffer(blob, dtype).astype(dtype[1:])
            for blob, dtype in zip(blobs, SCORES.values(), strict=True)
        )
        where, keys = _items(indices)
        return Event(
            kind,
            where,
            [] if kind in SETTINGS else _integers(labels),
            annotator,
            scores,
            purity,
            informativeness,
            written,
            position,
            _texts(labels) if kind in SETTINGS else (),
            keys,
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise LedgerError(f"{path}: event {position[0]} cannot be read: {error}") from error


def decoded_text(cell: bytes) -> str:
    """Any bytes as text, so that a damaged cell is found by its checksum, not by its decoding."""
    return cell.decode("utf-8", "surrogateescape")


def checksum_of(row: list[Any], before: int) -> int:
    """The checksum over the values of a row and the checksum `before` it."""
    return zlib.crc32(ascii(row).encode(), before)  # ascii: repr, the same on every Python


def _encoded(event: Event, now: str) -> list[Any]:
    scores = {name: getattr(event, name) for name in SCORES}
    indices: Any = event.indices
    if event.keys is not None:
        indices = dict(zip(event.indices, event.keys, strict=True))
    labels = json.dumps(event.texts if event.kind in SETTINGS else event.labels)
    return [
        *(now, event.kind, event.annotator, json.dumps(indices), labels),
        *(None if v is None else v.astype(SCORES[name]).tobytes() for name, v in scores.items()),
    ]


def _items(text: str) -> tuple[list[int], tuple[str, ...] | None]:
    """The indices of an event, and the keys of its items where it tells them."""
    if not text.startswith("{"):
        return _integers(text), None
    pairs = json.loads(text, object_pairs_hook=list)
    if not all(isinstance(key, str) and str(int(index)) == index for index, key in pairs):
        raise ValueError(f"{text:.40} is not an object of index and key")
    return [int(index) for index, _ in pairs], tuple([key for _, key in pairs])


def _texts(text: str) -> tuple[str, ...]:
    values = json.loads(text)
    if type(values) is not list or not all(type(value) is str for value in values):
        raise ValueError(f"{text:.40} is not a list of texts")
    return tuple(values)


def _integers(text: str) -> list[int]:
    values = json.loads(text)
    if type(values) is not list or not all(type(value) is int for value in values):
        raise ValueError(f"{text:.40} is not a list of integers")
    return values
