"""A damaged copy gives the same answers, or a LedgerError: never other answers, never fewer.

What notices damage when a labeled set is opened: SQLite's own account of its pages, the text of
the two tables, and the checksum of each event, a CRC-32 over its row and all events before it. It
finds every change of up to 32 bits in a row, and others with a probability of 1 - 2^-32.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal.errors import LedgerError
from openal.ledger._journal import Ledger
from tests.fire.ledgers import CLASSES, SIZE, filled, opened, said

PAGE = 4096
CASES = 20_000 if os.environ.get("OPENAL_SLOW") else 250
LEAF = 13  # the kind of a page of rows, its first byte


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flips") / "answers.db"


@pytest.fixture(scope="module")
def whole(path: Path) -> tuple[bytes, list[Any]]:
    """The bytes of a ledger, and what they say."""
    told = said(filled(path))
    return path.read_bytes(), told


def require_same_or_refused(path: Path, content: bytes, told: list[Any], case: object) -> bool:
    """Whether a damaged file is refused; it fails if it says anything else than before."""
    path.write_bytes(content)
    found, refusal = None, str(path)
    try:
        found = said(opened(path))
    except LedgerError as error:
        refusal = str(error)
    assert str(path) in refusal, case
    assert found in (None, told), case
    assert [each.name for each in path.parent.iterdir()] == [path.name], case
    return found is None


def cut(content: bytes, random: np.random.Generator) -> bytes:
    return content[: random.integers(len(content))]


def flip(content: bytes, random: np.random.Generator) -> bytes:
    """One to four bytes, one after another or far apart."""
    changed, count = bytearray(content), int(random.integers(1, 5))
    first = int(random.integers(len(content) - 4))
    near = range(first, first + count)
    for place in near if random.random() < 0.5 else random.integers(len(content), size=count):
        changed[place] ^= int(random.integers(1, 256))
    return bytes(changed)


def book(content: bytes, random: np.random.Generator) -> bytes:
    """A byte of those with which SQLite keeps its books: at the beginning of a page."""
    changed = bytearray(content)
    page = int(random.integers(len(content) // PAGE))
    place = PAGE * page + int(random.integers(150 if page == 0 else 40))
    changed[place] ^= int(random.integers(1, 256))
    return bytes(changed)


def schema(content: bytes, random: np.random.Generator) -> bytes:
    """A byte of the text of the tables, at the end of the first page."""
    changed = bytearray(content)
    first = content.index(b"tableledgerledger")
    changed[int(random.integers(first - 300, PAGE))] ^= int(random.integers(1, 256))
    return bytes(changed)


def exchange(content: bytes, random: np.random.Generator) -> bytes:
    """Two pages in each other's place, or one that is there twice."""
    one, other = random.choice(len(content) // PAGE, 2, replace=False)
    changed = bytearray(content)
    changed[PAGE * one : PAGE * (one + 1)] = content[PAGE * other : PAGE * (other + 1)]
    if random.random() < 0.5:
        changed[PAGE * other : PAGE * (other + 1)] = content[PAGE * one : PAGE * (one + 1)]
    return bytes(changed)


def shift(content: bytes, random: np.random.Generator) -> bytes:
    """A byte too many, or too few."""
    at = int(random.integers(len(content)))
    return content[:at] + bytes([7]) * int(random.integers(2)) + content[at + 1 :]


DAMAGES = {each.__name__: each for each in (cut, flip, book, schema, exchange, shift)}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_refused_or_changes_nothing(
    path: Path,
    whole: tuple[bytes, list[Any]],
    damage: Callable[[bytes, np.random.Generator], bytes],
    record_property: Callable[[str, object], None],
) -> None:
    content, told = whole
    random = np.random.default_rng(11)
    refused = sum(
        require_same_or_refused(path, damage(content, random), told, (damage.__name__, case))
        for case in range(CASES)
    )
    record_property("cases", CASES)
    assert refused > CASES // 20


def text_of_answers(content: bytes, path: Path) -> Iterator[int]:
    """Where the indices, the labels and the annotator of each event stand."""
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT annotator, indices, labels FROM event").fetchall()
    end = 0
    for annotator, indices, labels in rows:
        text = f"{annotator or ''}{indices}{labels}".encode()
        where = content.find(text)
        if where >= 0:  # others run over the end of a page
            end += 1
            yield from range(where, where + len(text))
    assert end >= 5


def test_no_byte_of_an_answer_changes_unnoticed(path: Path, whole: tuple[bytes, list[Any]]) -> None:
    content, told = whole
    places = [*text_of_answers(content, path)]
    for place in places[:: 1 if os.environ.get("OPENAL_SLOW") else 40]:
        changed = bytearray(content)
        changed[place] ^= 1  # another digit
        assert require_same_or_refused(path, bytes(changed), told, place)


def test_the_last_answers_cannot_be_left_out_of_their_page(
    path: Path, whole: tuple[bytes, list[Any]]
) -> None:
    """The count of rows in a page is no part of a row: no checksum covers it."""
    content, told = whole
    tried = 0
    for page in range(PAGE, len(content), PAGE):
        count = int.from_bytes(content[page + 3 : page + 5], "big")
        for fewer in range(count) if content[page] == LEAF else ():
            changed = bytearray(content)
            changed[page + 3 : page + 5] = fewer.to_bytes(2, "big")
            assert require_same_or_refused(path, bytes(changed), told, (page, fewer))
            tried += 1
    assert tried > 5


def test_a_trigger_cannot_drop_an_answer(path: Path, whole: tuple[bytes, list[Any]]) -> None:
    path.write_bytes(whole[0])
    labeled = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "CREATE TRIGGER t BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END"
        )
    for use in (lambda: labeled.add([1_900], [0]), lambda: opened(path)):
        with pytest.raises(LedgerError, match="a trigger, 't'"):
            use()
    assert said(labeled) == whole[1]


def test_a_message_of_sqlite_that_is_no_text(path: Path, whole: tuple[bytes, list[Any]]) -> None:
    """It quotes the damaged text of a table; Python cannot decode that."""
    content = whole[0]
    at = content.index(b"informativeness BLOB, checksum") - 4
    path.write_bytes(content[:at] + b"\xff\xb3" + content[at + 2 :])
    book = Ledger(path, SIZE, tuple(CLASSES))
    with pytest.raises(LedgerError, match=r"answers\.db"):
        book.read(book.first, repr)
