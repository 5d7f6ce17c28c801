"""A ledger is whole, or what is wrong with it is named; looking changes nothing."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from openal.errors import LedgerError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.ledger import as_json, read_whole
from openal.ledger._inspect import read_only

CLASSES = ["cat", "dög\n"]
SIZE = 2_000
STEP = 512


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of every kind of event, several pages long, with some of them free."""
    path = tmp_path / "ledger" / "answers #1?.db"
    path.parent.mkdir()
    labeled = LabeledSet(SIZE, CLASSES, path)
    for start in range(0, 900, 150):
        labeled.begin_round(SimpleNamespace(indices=range(start, start + 150), scores=[0.1] * 150))
        labeled.add(range(start, start + 150), [1, UNKNOWN, 0] * 50, annotator="ann")
    labeled.relabel([3, 4], [SKIPPED, 0], annotator="bob")
    labeled.retract([7, 8])
    labeled.begin_round(SimpleNamespace(indices=[1_000, 1_001], purity=[0.5, 1.0]))
    labeled.add([1_001, 1_500], [SKIPPED, 1])
    return path


def sql(path: Path, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def folder(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def said(path: Path) -> tuple[str, bytes] | None:
    """All that a check and an export would say, or None where they refuse; nothing is changed."""
    before = folder(path)
    try:
        found = read_whole(path)
    except LedgerError:
        return None
    finally:
        assert folder(path) == before
    return found.summary(), as_json(found)


def opens(path: Path) -> bytes | None:
    """What a labeled set reads from the file, or None where it refuses."""
    try:
        labeled = LabeledSet(SIZE, CLASSES, path)
    except LedgerError:
        return None
    return labeled.known_indices.tobytes() + labeled.known_labels.tobytes()


def test_it_reads_what_a_labeled_set_reads(path: Path) -> None:
    labeled, answers = LabeledSet(SIZE, CLASSES, path), read_whole(path).answers
    indices, labels = answers.arrays()
    assert indices[labels >= 0].tolist() == labeled.known_indices.tolist()
    assert labels[labels >= 0].tolist() == labeled.known_labels.tolist()
    assert answers.pending_in_order() == labeled.pending_indices.tolist() == [1_000]
    assert answers.annotators == labeled.annotators


def test_the_counts(path: Path) -> None:
    assert read_whole(path).summary() == (
        "900 answers (600 known, 298 unknown, 2 skipped) in 8 rounds, 1 pending; "
        "2,000 items, 2 classes"
    )


def test_an_answer_has_the_time_of_its_label(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labeled = LabeledSet(SIZE, CLASSES, path)
    for moment, change in {
        "first": lambda: labeled.add([1_600, 1_601, 1_602], [0, 1, 0]),
        "then": lambda: labeled.relabel([1_600, 1_601], [0, 0]),
        "late": lambda: labeled.retract([1_602]),
    }.items():
        monkeypatch.setattr(time, "strftime", lambda *_, now=moment: now)
        change()
    times = read_whole(path).times
    assert [times[index] for index in (1_600, 1_601)] == ["first", "then"]


def test_a_ledger_without_answers(tmp_path: Path) -> None:
    LabeledSet(10, 3, tmp_path / "answers.db")
    assert read_whole(tmp_path / "answers.db").summary().startswith("0 answers (0 known")


# --- damage


def test_a_file_cut_anywhere_is_found(path: Path) -> None:
    whole = path.read_bytes()
    assert len(whole) > 30 * STEP
    for end in [*range(0, len(whole), STEP), 1, 50, 99, 101, len(whole) - 1]:
        path.write_bytes(whole[:end])
        assert said(path) is None, end
        assert opens(path) in (None, b""), end


def test_a_cut_is_named(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:8192])
    with pytest.raises(LedgerError, match=f"cut, after 8192 of its {len(whole)} bytes"):
        read_whole(path)


def test_a_cut_in_a_free_page_is_named(path: Path) -> None:
    sql(path, "CREATE TABLE remark AS SELECT zeroblob(20000)")
    sql(path, "DROP TABLE remark")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LedgerError, match="it is cut, after"):
        read_whole(path)


@pytest.mark.long
def test_a_changed_byte_is_found_or_says_nothing(path: Path) -> None:
    """Both where SQLite keeps its books and anywhere."""
    whole, expected, read = path.read_bytes(), said(path), opens(path)
    random = np.random.default_rng(7)
    places = [*random.integers(len(whole), size=200), *range(100), *range(100, 600, 7)]
    refused = 0
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= int(random.integers(1, 256))
        path.write_bytes(changed)
        found = said(path)
        assert found in (None, expected), place
        assert opens(path) in (None, read), place
        refused += found is None
        assert [each.name for each in path.parent.iterdir()] == [path.name], place
    assert refused > 100


def test_an_exchanged_page_is_found(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[4096:8192], whole[8192:12288] = whole[8192:12288], whole[4096:8192]
    path.write_bytes(whole)
    assert said(path) is None


def altered(statement: str) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        sql(path, statement)

    return build


def garbage(path: Path) -> None:
    path.write_bytes(b"index,label\n3,cat\n" * 1000)


def foreign(path: Path) -> None:
    path.unlink()
    sql(path, "CREATE TABLE event (id INTEGER PRIMARY KEY)")


def no_file(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def bad_page(number: int) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        whole = bytearray(path.read_bytes())
        whole[(number - 1) * 4096 : (number - 1) * 4096 + 8] = b"\xff" * 8
        path.write_bytes(whole)

    return build


NAMED = r"damaged: .*([pP]age|table '\w+' after row) \d+.* Restore a copy"  # as SQLite can say it
BAD_FILES = {
    "a newer schema": (
        altered("PRAGMA user_version = 4"),
        "schema 4; this openal reads 1, 2 and 3",
    ),
    "garbage": (garbage, "file is not a database"),
    "another application's": (foreign, "not a ledger of openal"),
    "no file": (no_file, "is not there"),
    "a folder": (a_folder, "is not a file"),
    "zero bytes": (zero_bytes, "is empty"),
    "a bad page": (bad_page(3), NAMED),
    "a bad page of events": (bad_page(4), NAMED),
    "a later one": (bad_page(6), NAMED),
    "a bad page of names": (bad_page(2), NAMED),
    "a missing event": (altered("DELETE FROM event WHERE id = 7"), "event 8 is damaged"),
    "a changed label": (
        altered("UPDATE event SET labels = replace(labels, '-1', '-2') WHERE id = 4"),
        "event 4 is damaged",
    ),
    "another type": (altered("UPDATE event SET indices = x'ff' WHERE id = 7"), "7 is damaged"),
    "a changed name": (
        altered("""UPDATE ledger SET classes = '["cow", "dog"]'"""),
        "event 1 is damaged, or the table `ledger`",
    ),
    "no names": (altered("UPDATE ledger SET classes = '7'"), "classes 7 is not a list of names"),
    "no text": (altered("UPDATE ledger SET classes = x'00'"), "'ledger' has 1 rows; one was"),
    "names twice": (altered("""UPDATE ledger SET classes = '["a", "a"]'"""), "'a', which is there"),
    "a deep list": (
        altered(f"UPDATE ledger SET classes = '{'[' * 100_000}'"),
        "damaged: table 'ledger': ",
    ),
    "size 0": (altered("UPDATE ledger SET size = -1"), "size must be"),
    "no header row": (altered("DELETE FROM ledger"), "'ledger' has 0 rows"),
    "two header rows": (
        altered("INSERT INTO ledger SELECT * FROM ledger"),
        "'ledger' has 2 rows; one was expected",
    ),
    "no table": (altered("DROP TABLE event"), "table 'event' is not as openal makes it"),
    "another table": (
        altered("ALTER TABLE event ADD COLUMN remark TEXT"),
        "table 'event' is not as openal makes it",
    ),
    "a trigger": (
        altered(
            "CREATE TRIGGER t BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END",
        ),
        "a trigger, 't'",
    ),
    "WAL mode": (altered("PRAGMA journal_mode = WAL"), "WAL mode"),
}


@pytest.mark.long
@pytest.mark.parametrize("build, message", BAD_FILES.values(), ids=BAD_FILES)
def test_what_is_wrong_is_named(path: Path, build: Callable[[Path], None], message: str) -> None:
    build(path)
    before = {each.name for each in path.parent.iterdir()}
    with pytest.raises(LedgerError, match=message) as refused:
        read_whole(path)
    assert "\n" not in str(refused.value)
    assert {each.name for each in path.parent.iterdir()} == before


def test_a_table_of_a_persons_own_may_stand_beside(path: Path) -> None:
    before = said(path)
    sql(path, "CREATE TABLE remark (text TEXT)")
    assert said(path) == before


@pytest.mark.parametrize("name", ["no/such/answers.db", "nul\0.db", "pipe", "dangling"])
def test_a_path_that_cannot_be(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    with pytest.raises(LedgerError):
        read_whole(tmp_path / name)


# --- looking at what others write


def interrupted(path: Path, copy: Path) -> None:
    """Copies the file and its journal in the middle of a write, as a kill would leave them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")  # writes pages before the end
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE event SET labels = '[' || labels || ']', annotator = 'nobody'")
        for each in path.parent.iterdir():
            shutil.copy(each, copy)
        connection.execute("ROLLBACK")


def test_a_write_that_was_killed_is_taken_back_in_a_copy(path: Path, tmp_path: Path) -> None:
    expected = said(path)
    (tmp_path / "copy").mkdir()
    interrupted(path, tmp_path / "copy")
    copy = tmp_path / "copy" / path.name
    assert len(folder(copy)) == 2
    assert folder(copy)[path.name] != path.read_bytes()
    assert said(copy) == expected
    assert opens(copy) == opens(path)
    assert len(folder(copy)) == 1


def test_a_writer_may_take_it_back_and_go_on_meanwhile(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copy").mkdir()
    interrupted(path, tmp_path / "copy")
    copy, copyfile = tmp_path / "copy" / path.name, shutil.copyfile

    def late(source: Path, target: Path) -> None:
        copyfile(source, target)
        LabeledSet(SIZE, CLASSES, copy).add(range(1_600, 1_700), [0] * 100)

    monkeypatch.setattr(shutil, "copyfile", late)
    assert len(read_whole(copy).answers.labels) == 1_000


def pages(content: bytes, count: int) -> list[bytes]:
    return [content[4096 * at : 4096 * (at + 1)] for at in range(count)]


def test_a_torn_write_without_its_journal(path: Path) -> None:
    """Some pages of the last call are written, others are not: any of them, in any order."""
    before, old = path.read_bytes(), said(path)
    LabeledSet(SIZE, CLASSES, path).add(range(1_600, 1_900), [0] * 300)
    after, new = path.read_bytes(), said(path)
    count = len(after) // 4096
    both = list(zip(pages(before, count), pages(after, count), strict=True))
    changed = [at for at, (one, other) in enumerate(both) if one != other]
    random = np.random.default_rng(3)
    orders = [changed[:end] for end in range(len(changed) + 1)]
    orders += [changed[end:] for end in range(len(changed))]
    orders += [[at for at in changed if random.random() < 0.5] for _ in range(50)]
    for written in orders:
        path.write_bytes(b"".join(pair[at in written] for at, pair in enumerate(both)))
        assert said(path) in (None, old, new), written


def test_a_copy_restored_beside_a_journal_of_later(path: Path, tmp_path: Path) -> None:
    """SQLite takes the write back in the wrong file: that must not pass for its answers."""
    older, old = path.read_bytes(), said(path)
    LabeledSet(SIZE, CLASSES, path).add(range(1_600, 1_900), [0] * 300)
    new = said(path)
    (tmp_path / "copy").mkdir()
    interrupted(path, tmp_path / "copy")
    copy = tmp_path / "copy" / path.name
    copy.write_bytes(older)
    assert said(copy) in (None, old, new)


def test_it_cannot_write(path: Path) -> None:
    with pytest.raises(LedgerError, match="readonly"):
        read_only(path, lambda connection: connection.execute("DELETE FROM event"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write in a read-only folder")
def test_a_read_only_folder(path: Path) -> None:
    expected = said(path)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    assert said(path) == expected


def test_json_is_what_was_answered(path: Path) -> None:
    value, labeled = json.loads(as_json(read_whole(path))), LabeledSet(SIZE, CLASSES, path)
    known = [each for each in value["answers"] if each["label"] >= 0]
    assert [each["index"] for each in known] == labeled.known_indices.tolist()
    assert [each["class"] for each in known] == [CLASSES[k] for k in labeled.known_labels]
