"""Threads, forks and processes: a child reads and writes, and never waits for ever."""

import os
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from openal.labeled import LabeledSet

SIZE = 1_000_000
FORKS = 8


def forked(work: Callable[[], None]) -> int:
    """The exit status of a forked child that does the work; 99 if it hangs."""
    with warnings.catch_warnings():  # Python 3.12 warns of a fork beside threads
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        threading.Timer(20, os._exit, [99]).start()
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Adding:
    """A thread that adds one answer after another, until the end of the block."""

    def __init__(self, labeled: LabeledSet) -> None:
        self.labeled, self.stop = labeled, threading.Event()
        self.thread = threading.Thread(target=self.add)

    def add(self) -> None:
        for index in range(SIZE // 2):
            if self.stop.is_set():
                return
            self.labeled.add([index], [index % 2])

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


@pytest.fixture(params=["memory", "disk"])
def labeled(request: pytest.FixtureRequest, tmp_path: Path) -> LabeledSet:
    return LabeledSet(SIZE, 2, tmp_path / "answers.db" if request.param == "disk" else None)


@pytest.mark.long
def test_a_child_reads_while_another_thread_adds(labeled: LabeledSet) -> None:
    def read() -> None:
        indices, classes = labeled.answers()
        assert indices.tolist() == [*range(len(indices))]
        assert classes.tolist() == [index % 2 for index in range(len(indices))]

    with Adding(labeled):
        assert [forked(read) for _ in range(FORKS)] == [0] * FORKS


@pytest.mark.long
def test_a_child_writes_while_another_thread_adds(labeled: LabeledSet) -> None:
    with Adding(labeled):
        for number in range(FORKS):
            assert forked(lambda at=number: labeled.add([SIZE - 1 - at], [1])) == 0
    labeled.refresh()
    theirs = {SIZE - 1 - number for number in range(FORKS)} & {*labeled.known_indices.tolist()}
    assert len(theirs) == (0 if labeled.path is None else FORKS)


def test_the_parent_goes_on_after_a_fork(labeled: LabeledSet) -> None:
    labeled.begin_round(SimpleNamespace(indices=[3, 4]))
    assert forked(lambda: None) == 0
    labeled.add([3, 4], [0, 1])
    assert labeled.pending_indices.tolist() == []


class Counted(Dataset[int]):
    """Items that ask the labeled set how many answers there are."""

    def __init__(self, labeled: LabeledSet) -> None:
        self.labeled = labeled

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> int:
        return len(self.labeled) * 0 + index


@pytest.mark.long
def test_workers_of_a_loader_read_while_another_thread_adds(labeled: LabeledSet) -> None:
    with Adding(labeled), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for _ in range(3):
            loader = DataLoader(
                Counted(labeled), num_workers=2, timeout=30, multiprocessing_context="fork"
            )
            assert torch.cat([*loader]).tolist() == [*range(8)]


def test_threads_read_whole_calls_while_another_adds(labeled: LabeledSet) -> None:
    with Adding(labeled):
        for _ in range(200):
            indices, classes = labeled.answers()
            assert classes.tolist() == [index % 2 for index in indices.tolist()]
            assert len(labeled.history) <= 1
