"""A damaged ledger is refused, or says what it said."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile
from typing import Any

from openal.errors import LedgerError
from openal.labeled import LabeledSet
from openal.ledger import _format, as_csv, as_json, read_whole
from tests.fire.ledgers import filled, opened, said
from tests.fuzz.damage import BYTES
from tests.fuzz.harness import Loader
from tests.fuzz.structured import json_value

FILE = "answers.db"
VALUES = (
    None,
    -1,
    2**62,
    0.5,
    "",
    "a\0b",
    "\u202e",
    "cat",
    b"",
    b"\xff" * 8,
    b"\0" * 8000,
    "answer",
    "round",
)


def in_event(content: bytes, random: Random) -> bytes:
    """Another value in an event, and all checksums as they must be then."""
    return altered(content, lambda rows: change(random.choice(rows), random))


def in_order(content: bytes, random: Random) -> bytes:
    """Events left out, doubled or exchanged, and all checksums as they must be then."""

    def move(rows: list[list[Any]]) -> None:
        row = rows.pop(random.randrange(len(rows)))
        for _ in range(random.randrange(3)):
            rows.insert(random.randrange(len(rows) + 1), [*row])

    return altered(content, move)


def change(row: list[Any], random: Random) -> None:
    at = random.randrange(len(row))
    if at in (3, 4) and random.random() < 0.7:  # the indices and the labels
        value = json.loads(row[at])
        first = dict([*value.items()][:20]) if isinstance(value, dict) else value[:20]
        row[at] = json_value(first, random)
    else:
        row[at] = random.choice(VALUES[at < 2 or at in (3, 4) :])  # these cannot be None


def altered(content: bytes, alter: Callable[[list[list[Any]]], None]) -> bytes:
    with NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        with closing(sqlite3.connect(file.name, isolation_level=None)) as connection:
            columns = ", ".join(_format.COLUMNS)
            rows = [[*row] for row in connection.execute(f"SELECT {columns} FROM event")]
            alter(rows)
            header = connection.execute("SELECT size, classes FROM ledger").fetchone()
            last = _format.first_position(*header)
            connection.execute("BEGIN")
            connection.execute("DELETE FROM event")
            for row in rows:
                last = last[0] + 1, _format.checksum_of(row, last[1])
                marks = ", ".join("?" * (2 + len(row)))
                insert = f"INSERT INTO event (id, checksum, {columns}) VALUES ({marks})"
                connection.execute(insert, (*last, *row))
            connection.execute("COMMIT")
        return Path(file.name).read_bytes()


def continued(folder: Path) -> LabeledSet:
    """As another process does; where there is no file, none is begun."""
    if not (folder / FILE).exists():
        raise LedgerError("There is no file.")
    return opened(folder / FILE)


def whole(folder: Path) -> Any:
    found = read_whole(folder / FILE)
    return as_csv(found), as_json(found)


def test_a_labeled_set(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    filled(folder / FILE)
    fuzzed(Loader(lambda folder: said(continued(folder)), {FILE: BYTES}))


def test_a_check_and_an_export(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    filled(folder / FILE)
    fuzzed(Loader(whole, {FILE: BYTES}))


def test_forged_events(folder: Path, fuzzed: Callable[[Loader], None]) -> None:
    """Checksums guard against accidents: a forged answer that could be one is taken for one."""
    filled(folder / FILE)

    def both(folder: Path) -> Any:
        labeled = continued(folder)
        return len(labeled), len(read_whole(folder / FILE).answers.labels), labeled.counts

    def good(_: Any, found: Any) -> bool:
        return found[0] == found[1] == sum(found[2].values())

    fuzzed(Loader(both, {FILE: (in_event, in_order)}, good))
