"""What a file of answers must survive: other files, other processes, kills, damage."""

import copy
import multiprocessing
import os
import pickle
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from openal.errors import AnswerError, LedgerError
from openal.labeled import UNKNOWN, LabeledSet
from openal.ledger import _format, read_whole
from openal.ledger import _journal as ledger

CLASSES = ["cat", "dög\n"]
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["openal.ledger", "openal.labeled", "pytest"])
KILLS = 50 if os.environ.get("OPENAL_SLOW") else 5
ITEMS, BATCH = 4_000_000, 50


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers #1?.db"


@pytest.fixture
def filled(path: Path) -> Path:
    """A ledger of 8,000 answers in 20 calls, several pages long."""
    labeled = LabeledSet(10_000, CLASSES, path)
    for start in range(0, 8_000, 400):
        labeled.add(range(start, start + 400), [1, UNKNOWN] * 200, annotator="ann")
    return path


def sql(path: Path, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


# --- one file


def test_reopening_continues_everything(path: Path) -> None:
    first = LabeledSet(10, CLASSES, path)
    first.begin_round(SimpleNamespace(indices=[6, 1], scores=[0.1, -1e300], purity=[0.5, 2.0]))
    first.add([1, 4], [UNKNOWN, 0], annotator="ann")
    second = LabeledSet(10, CLASSES, path)
    assert second.known_indices.tolist() == [4]
    assert second.pending_indices.tolist() == [6]
    assert second.annotators == {1: "ann", 4: "ann"}
    scores, purity = second.history[0].scores, second.history[0].purity
    assert scores is not None and scores.tolist() == [0.1, -1e300]
    assert purity is not None and purity.tolist() == [0.5, 2.0]


def test_the_answers_are_plain_data(path: Path) -> None:
    LabeledSet(10, CLASSES, path).add([4, 2], [0, UNKNOWN], annotator="ann")
    columns = "kind, annotator, indices, labels"
    assert sql(path, f"SELECT {columns} FROM event") == [("answer", "ann", "[4, 2]", "[0, -1]")]


def test_nothing_stands_beside_the_file(path: Path) -> None:
    LabeledSet(10, CLASSES, path).add([4], [0])
    assert list(path.parent.iterdir()) == [path]


def test_a_call_that_changes_nothing_writes_nothing(filled: Path) -> None:
    before = filled.read_bytes()
    LabeledSet(10_000, CLASSES, filled).add([0], [1])
    assert filled.read_bytes() == before


def test_the_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    labeled = LabeledSet(10, CLASSES, "answers.db")
    monkeypatch.chdir("/")
    labeled.add([4], [0])
    assert labeled.path == tmp_path / "answers.db"


COPIES: dict[str, Callable[[LabeledSet], LabeledSet]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda labeled: pickle.loads(pickle.dumps(labeled)),
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_copy_is_in_memory_and_never_writes_the_file(
    filled: Path, duplicate: Callable[[LabeledSet], LabeledSet]
) -> None:
    labeled, before = LabeledSet(10_000, CLASSES, filled), filled.read_bytes()
    trial = duplicate(labeled)
    trial.add([9_000], [0])
    trial.retract([0])
    labeled.refresh()
    assert (trial.path, len(trial), len(labeled)) == (None, 8_000, 8_000)
    assert filled.read_bytes() == before


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_copy_needs_no_file(path: Path, duplicate: Callable[[LabeledSet], LabeledSet]) -> None:
    labeled = LabeledSet(10, CLASSES, path)
    labeled.add([4], [0])
    path.unlink()
    assert duplicate(labeled).known_indices.tolist() == [4]
    assert not path.exists()


# --- files that are not this ledger


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"index,label\n3,cat\n" * 1000)


def cut(end: int) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:end])

    return build


def foreign(path: Path) -> None:
    path.unlink()
    sql(path, "CREATE TABLE event (id INTEGER PRIMARY KEY)")


def altered(statement: str) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        sql(path, statement)

    return build


BAD_FILES = {
    "zero bytes": (zero_bytes, "is empty"),
    "garbage": (garbage, "file is not a database"),
    "another application's": (foreign, "not a ledger of openal"),
    "a newer schema": (
        altered("PRAGMA user_version = 4"),
        "schema 4; this openal reads 1, 2 and 3",
    ),
    "cut in the header": (cut(50), "cannot be used"),
    "cut in the first page": (cut(2000), "cannot be used"),
    "cut in the middle": (cut(3 * 4096), "cannot be used"),
    "cut by a byte": (cut(-1), "event 20 is damaged"),
    "no header row": (altered("DELETE FROM ledger"), "size None"),
    "a missing event": (altered("DELETE FROM event WHERE id = 7"), "event 8 is damaged"),
    "a changed label": (
        altered("UPDATE event SET labels = replace(labels, '-1', '-2') WHERE id = 7"),
        "event 7 is damaged",
    ),
    "another type": (altered("UPDATE event SET indices = x'ff' WHERE id = 7"), "7 is damaged"),
}


@pytest.mark.long
@pytest.mark.parametrize("build, message", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_and_left_alone(
    filled: Path, build: Callable[[Path], None], message: str
) -> None:
    build(filled)
    before = filled.read_bytes()
    with pytest.raises(LedgerError, match=message):
        LabeledSet(10_000, CLASSES, filled)
    assert filled.read_bytes() == before
    assert list(filled.parent.iterdir()) == [filled]


@pytest.mark.parametrize(
    "size, classes, message",
    [
        (9_999, CLASSES, "size 10000, asked for was 9999"),
        (10_000, ["cat", "owl"], r'classes \["cat", "d.*"\], asked for was \["cat", "owl"\]'),
        (10_000, 2, r'asked for was \["0", "1"\]'),
    ],
)
def test_a_ledger_of_something_else(filled: Path, size: int, classes: Any, message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        LabeledSet(size, classes, filled)


@pytest.mark.long
@pytest.mark.parametrize(
    "row, message",
    [
        (("answer", "[20000]", "[0]"), "contradicts itself: Position 0, index 20000"),
        (("answer", "[0]", "[0]"), "index 0: it was answered 1, now 0"),
        (("retract", "[9000]", "[]"), "index 9000: it has no answer"),
        (("delete", "[0]", "[]"), "no event 'delete'"),
        (("answer", "[true]", "[0]"), "event 21 cannot be read"),
        (("answer", '{"a": 1}', "[0]"), "event 21 cannot be read"),
        (("answer", "[" * 100_000, "[0]"), "event 21 cannot be read"),
    ],
)
def test_a_forged_event_is_refused(filled: Path, row: tuple[str, str, str], message: str) -> None:
    ((last,),) = sql(filled, "SELECT checksum FROM event WHERE id = 20")
    kind, indices, labels = row
    forged = ["now", kind, None, indices, labels, None, None, None]
    marks = ", ".join("?" * 10)
    columns = f"id, checksum, {', '.join(_format.COLUMNS)}"
    insert = f"INSERT INTO event ({columns}) VALUES ({marks})"
    sql(filled, insert, 21, _format.checksum_of(forged, last), *forged)
    with pytest.raises(LedgerError, match=message):
        LabeledSet(10_000, CLASSES, filled)


@pytest.mark.parametrize("name", [".", "no/such/answers.db", "nul\0.db", "pipe"])
def test_a_path_that_cannot_be(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LedgerError):
        LabeledSet(10, CLASSES, tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write read-only files")
def test_a_read_only_ledger_can_be_read_only(filled: Path) -> None:
    filled.chmod(0o444)
    labeled = LabeledSet(10_000, CLASSES, filled)
    with pytest.raises(LedgerError, match="readonly"):
        labeled.add([9_000], [0])
    assert len(labeled) == 8_000


def test_a_folder_that_refuses_files(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(ledger, "_publish", refuse)
    with pytest.raises(LedgerError, match="cannot be created: no"):
        LabeledSet(10, CLASSES, path)
    assert list(path.parent.iterdir()) == []


def test_a_file_system_without_hard_links(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("no links")

    monkeypatch.setattr(os, "link", refuse)
    LabeledSet(10, CLASSES, path).add([4], [0])
    assert len(LabeledSet(10, CLASSES, path)) == 1


def in_wal_mode(path: Path) -> None:
    sql(path, "PRAGMA journal_mode = WAL")


def test_a_ledger_in_wal_mode_is_refused(filled: Path) -> None:
    in_wal_mode(filled)
    before = filled.read_bytes()
    with pytest.raises(LedgerError, match=r"WAL mode.*journal_mode = DELETE"):
        LabeledSet(10_000, CLASSES, filled)
    assert filled.read_bytes() == before
    assert list(filled.parent.iterdir()) == [filled]


@pytest.mark.parametrize("use", [LabeledSet.refresh, lambda labeled: labeled.add([9_000], [0])])
def test_so_is_one_that_gets_into_it_meanwhile(
    filled: Path, use: Callable[[LabeledSet], None]
) -> None:
    labeled = LabeledSet(10_000, CLASSES, filled)
    in_wal_mode(filled)
    with pytest.raises(LedgerError, match="WAL mode"):
        use(labeled)
    assert len(labeled) == 8_000


def test_brought_back_from_it_a_ledger_goes_on(filled: Path) -> None:
    in_wal_mode(filled)
    sql(filled, "PRAGMA journal_mode = DELETE")
    LabeledSet(10_000, CLASSES, filled).add([9_000], [0])
    assert len(LabeledSet(10_000, CLASSES, filled)) == 8_001


# --- the file changes under an open labeled set


def test_a_second_handle_sees_what_the_first_wrote(path: Path) -> None:
    first, second = LabeledSet(10, CLASSES, path), LabeledSet(10, CLASSES, path)
    first.add([4], [0])
    assert len(second) == 0
    second.refresh()
    assert len(second) == 1


def test_a_second_handle_cannot_contradict_the_first(path: Path) -> None:
    first, second = LabeledSet(10, CLASSES, path), LabeledSet(10, CLASSES, path)
    first.add([4], [0])
    with pytest.raises(AnswerError, match="index 4: it was answered 0, now 1"):
        second.add([3, 4], [1, 1])
    assert len(LabeledSet(10, CLASSES, path)) == len(second) == 1


def test_only_one_handle_begins_a_round(path: Path) -> None:
    first, second = LabeledSet(10, CLASSES, path), LabeledSet(10, CLASSES, path)
    first.begin_round(SimpleNamespace(indices=[4]))
    with pytest.raises(AnswerError, match="waits for 1 answer;"):
        second.begin_round(SimpleNamespace(indices=[5]))


def test_a_file_put_back_to_an_older_copy_is_noticed(filled: Path) -> None:
    older = filled.read_bytes()
    labeled = LabeledSet(10_000, CLASSES, filled)
    labeled.add([9_000], [0])
    filled.write_bytes(older)
    with pytest.raises(LedgerError, match="was replaced"):
        labeled.add([9_001], [0])


def test_a_deleted_file_is_not_begun_anew(filled: Path) -> None:
    labeled = LabeledSet(10_000, CLASSES, filled)
    filled.unlink()
    with pytest.raises(LedgerError, match="unable to open"):
        labeled.add([9_000], [0])
    assert not filled.exists()


# --- several writers, kills, a full disk


def test_nobody_writes_between_the_reading_and_the_writing(path: Path) -> None:
    book = ledger.Ledger(path, 10, ("cat",))

    def send() -> None:
        locked = pytest.raises(sqlite3.OperationalError, match="locked")
        with closing(sqlite3.connect(path, timeout=0)) as other, locked:
            other.execute("BEGIN IMMEDIATE")

    book.exchange(book.first, lambda _: None, send)


def test_a_call_waits_for_the_disk_and_the_folder(path: Path) -> None:
    with ledger.Ledger(path, 10, ("cat",))._connection() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (3,)  # EXTRA


def test_threads_share_one_labeled_set(path: Path) -> None:
    labeled = LabeledSet(80, CLASSES, path)

    def write(start: int) -> None:
        for index in range(start, start + 20):
            labeled.add([index], [1])

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 20, 40, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(labeled) == len(LabeledSet(80, CLASSES, path)) == 80


def compete(path: Path, label: int, out: Connection) -> None:
    """Answer all items, one by one, with `label`; send those that were accepted."""
    labeled = LabeledSet(40, CLASSES, path)
    out.send("ready")
    accepted = []
    for index in range(40):
        try:
            labeled.add([index], [label])
            accepted.append(index)
        except AnswerError:
            pass
    out.send(accepted)


@pytest.mark.long
def test_of_two_processes_one_answers_each_item(path: Path) -> None:
    ends = []
    for label in (0, 1):
        end, other = PROCESSES.Pipe()
        PROCESSES.Process(target=compete, args=(path, label, other), daemon=True).start()
        ends.append(end)
    assert [end.recv() for end in ends] == ["ready", "ready"]
    by_label = [set(end.recv()) for end in ends]
    labeled = LabeledSet(40, CLASSES, path)
    answers = dict(zip(labeled.known_indices.tolist(), labeled.known_labels.tolist(), strict=True))
    assert answers == {index: label for label in (0, 1) for index in by_label[label]}
    assert len(by_label[0]) + len(by_label[1]) == 40


def add_until_killed(path: Path, first: int, out: Connection) -> None:
    """Answer batch after batch from `first` on; send the first index of each that is done."""
    labeled = LabeledSet(ITEMS, CLASSES, path)
    out.send(None)
    for start in range(first, first + 400 * BATCH, BATCH):
        labeled.add(range(start, start + BATCH), [1] * BATCH)
        out.send(start)


def killed(path: Path, firsts: list[int], random: np.random.Generator) -> set[int]:
    """`kill -9` of a writer from each of `firsts` at a moment of its own; the batches it sent."""
    writers = []
    for first in firsts:
        end, other = PROCESSES.Pipe()
        writer = PROCESSES.Process(target=add_until_killed, args=(path, first, other), daemon=True)
        writer.start()
        writers.append((writer, end))
    assert [end.recv() for _, end in writers] == [None] * len(writers)
    for writer, _ in writers:
        time.sleep(random.uniform(0, 0.2))
        writer.kill()
        writer.join()
    return {start for _, end in writers for start in sent(end)}


def sent(end: Connection) -> Iterator[int]:
    """What came before the kill."""
    with suppress(EOFError):
        while end.poll():
            yield end.recv()


@pytest.mark.long
@pytest.mark.parametrize("writers", [1, 4])
def test_kills_lose_no_finished_call_and_leave_no_half(path: Path, writers: int) -> None:
    """In one file, again and again; looked at as it was left, then by the one who goes on."""
    random, done = np.random.default_rng(), set[int]()
    for kill in range(KILLS):
        firsts = range(kill * writers, (kill + 1) * writers)
        done |= killed(path, [400 * BATCH * number for number in firsts], random)
        seen = read_whole(path).answers.labels
        assert set(seen) == set(LabeledSet(ITEMS, CLASSES, path).known_indices.tolist())
        batches = {index - index % BATCH for index in seen}
        assert len(seen) == len(batches) * BATCH
        assert done <= batches
        assert len(batches - done) <= (kill + 1) * writers
    assert done


def add_until_the_file_may_not_grow(path: Path, room: int) -> None:
    """The kernel kills it in the middle of a write, `room` bytes behind the old end."""
    labeled = LabeledSet(ITEMS, CLASSES, path)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, -1))
    labeled.add(range(10_000, 30_000), [1] * 20_000)


@pytest.mark.long
@pytest.mark.parametrize("room", [0, 1, 4096, 5_000, 20 * 4096, 40 * 4096])
def test_a_kill_between_two_pages_leaves_nothing_of_the_call(path: Path, room: int) -> None:
    LabeledSet(ITEMS, CLASSES, path).add(range(8_000), [1] * 8_000)
    before = path.read_bytes()
    writer = PROCESSES.Process(target=add_until_the_file_may_not_grow, args=(path, room))
    writer.start()
    writer.join()
    assert writer.exitcode == -signal.SIGXFSZ
    assert path.read_bytes() != before
    assert len(read_whole(path).answers.labels) == 8_000
    assert len(LabeledSet(ITEMS, CLASSES, path)) == 8_000
    assert path.read_bytes() == before


@pytest.mark.long
def test_looking_while_another_writes(path: Path) -> None:
    end, other = PROCESSES.Pipe()
    writer = PROCESSES.Process(target=add_until_killed, args=(path, 0, other), daemon=True)
    writer.start()
    assert [end.recv() for _ in range(3)] == [None, 0, BATCH]
    seen = [len(read_whole(path).answers.labels) for _ in range(20)]
    writer.kill()
    writer.join()
    assert seen == sorted(seen)
    assert seen[0] >= 2 * BATCH
    assert seen[-1] <= (max(sent(end)) // BATCH + 2) * BATCH


def add_beyond_the_disk(path: Path, out: Connection) -> None:
    labeled = LabeledSet(10_000, CLASSES, path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, -1))
    try:
        labeled.add(range(8_000, 10_000), [1] * 2_000)
    except LedgerError:
        out.send(len(labeled))


def test_a_full_disk_changes_nothing(filled: Path) -> None:
    end, other = PROCESSES.Pipe()
    PROCESSES.Process(target=add_beyond_the_disk, args=(filled, other), daemon=True).start()
    assert end.recv() == 8_000
    assert len(LabeledSet(10_000, CLASSES, filled)) == 8_000
