"""Many rounds: the last costs what the first did, and nothing is held that no answer explains.

Everything is counted (steps of SQLite, calls of functions, objects, bytes), nothing is timed.
The ledger is the same under every strategy: all sixty rounds are those of `Random`, the others have
half as many. `OPENAL_SLOW=1` plays sixty of each, and adds a strategy that takes longer;
`python -m benchmarks.soak` is the real one.
"""

import gc
import os
import sqlite3
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from benchmarks.soak_rounds import require_same
from openal.labeled import SKIPPED, LabeledSet
from openal.pool import Pool
from openal.query import Query, QueryStrategy
from openal.strategies import BADGE, CLIPNAL, NEAT, Coreset, MQNet, Random, Uncertainty

SIZE, CLASSES, ROUNDS, BUDGET, EARLY = 2_000, 4, 60, 20, 20
pytestmark = pytest.mark.long
SLOW = bool(os.environ.get("OPENAL_SLOW"))
EMBEDDINGS = np.random.default_rng(0).standard_normal((SIZE, 8), np.float32)
TRUTH = np.random.default_rng(1).integers(SKIPPED, CLASSES, SIZE)
TEXTS = torch.randn(2, CLASSES, 8, generator=torch.Generator().manual_seed(0))

STRATEGIES: dict[str, Callable[[], QueryStrategy]] = {
    "Random": Random,
    "Uncertainty": Uncertainty,
    "NEAT": NEAT,
    "CLIPNAL": lambda: CLIPNAL((TEXTS[0], TEXTS[1])),
    "Coreset": Coreset,
    "BADGE": BADGE,
    **({"MQNet": MQNet} if SLOW else {}),
}


class Rounds:
    """A labeled set, in a file where there is a path, and a pool with new logits in every round."""

    def __init__(self, strategy: QueryStrategy, path: Path | None = None) -> None:
        self.strategy, self.number = strategy, 0
        self.pool = Pool(embeddings=EMBEDDINGS, features=EMBEDDINGS)
        self.labeled = LabeledSet(SIZE, CLASSES, path)

    def query(self) -> Query:
        logits = np.random.default_rng(self.number).standard_normal((SIZE, CLASSES), np.float32)
        pool = self.pool.with_signals(logits=logits)
        return self.strategy.query(pool, self.labeled, BUDGET, seed=self.number, progress=False)

    def add(self, indices: np.ndarray) -> None:
        self.labeled.add(indices, TRUTH[indices], annotator="ann")
        self.number += 1

    def play(self, until: int) -> None:
        while self.number < until:
            query = self.query()
            self.labeled.begin_round(query)
            self.add(query.indices)


class Held(NamedTuple):
    """What the process holds."""

    objects: int
    bytes: int
    threads: int
    files: int

    @classmethod
    def now(cls) -> "Held":
        gc.collect()
        folder = Path("/proc/self/fd")
        files = len(os.listdir(folder)) if folder.exists() else 0
        taken, _ = tracemalloc.get_traced_memory()
        return cls(len(gc.get_objects()), taken, threading.active_count(), files)


@contextmanager
def calls() -> Iterator[list[int]]:
    """How many functions are called, ours and those written in C; none by a collection between."""
    count, before = [0], sys.getprofile()
    collects = gc.isenabled()
    gc.collect()
    gc.disable()

    def counted(_: Any, event: str, __: Any) -> None:
        count[0] += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        yield count
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps that SQLite takes: a row that is read costs several."""
    count, connect = [0], sqlite3.connect

    def one() -> None:
        count[0] += 1

    def counted(*given: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*given, **options)
        connection.set_progress_handler(one, 1)
        return connection

    monkeypatch.setattr("openal.ledger._journal.sqlite3.connect", counted)
    return count


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


# --- what a call costs


def costs_of(path: Path, steps: list[int]) -> Iterator[dict[str, tuple[int, int]]]:
    """The steps and the calls of beginning a round and of answering it, early and late."""
    rounds = Rounds(Random(), path)
    for number in (1, EARLY, ROUNDS):
        rounds.play(number)
        query, before = rounds.query(), steps[0]
        with calls() as called:
            rounds.labeled.begin_round(query)
        began, between = (steps[0] - before, called[0]), steps[0]
        with calls() as called:
            rounds.add(query.indices)
        yield {"begin_round": began, "add": (steps[0] - between, called[0])}


def test_a_call_costs_the_same_with_any_number_of_answers(path: Path, steps: list[int]) -> None:
    first, second, last = costs_of(path, steps)
    assert min(count for cost in first.values() for count in cost) > 10  # they are counted
    assert first == second == last


def test_a_query_reads_no_file(path: Path, steps: list[int]) -> None:
    rounds = Rounds(Random(), path)
    rounds.play(3)
    before = steps[0]
    rounds.query()
    assert steps[0] == before > 0


# --- what is held after sixty rounds


class Played(NamedTuple):
    """All rounds of one strategy, and what the process held after some and after all of them."""

    rounds: Rounds
    new: int
    early: Held
    late: Held


@pytest.fixture(scope="module", params=STRATEGIES)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    kind: Callable[[], QueryStrategy] = STRATEGIES[request.param]
    early, late = (EARLY, ROUNDS) if SLOW or kind is Random else (EARLY // 2, ROUNDS // 2)
    rounds = Rounds(kind(), tmp_path_factory.mktemp("soak") / "answers.db")
    rounds.play(early // 2)  # what the first use of a library loads
    tracemalloc.start()
    rounds.play(early)
    before = Held.now()
    rounds.play(late)
    after = Held.now()
    tracemalloc.stop()
    return Played(rounds, late - early, before, after)


def test_a_round_leaves_what_the_history_tells(played: Played) -> None:
    new = played.new
    held = 2 * 3 + 1  # two events with two lists each, and one entry of the history
    assert played.late.objects - played.early.objects <= held * new + 10
    assert played.late.bytes - played.early.bytes < new * BUDGET * 500  # its logits have 32,000


def test_no_thread_and_no_file_stays(played: Played) -> None:
    early, late = played.early, played.late
    assert (late.threads, late.files) == (early.threads, early.files)


def test_a_query_costs_what_it_would_without_a_past(played: Played) -> None:
    """But for the rounds themselves, which `view.history` lists: some calls for each."""
    rounds, fresh = played.rounds, Rounds(played.rounds.strategy)
    past = rounds.labeled.history
    fresh.add(np.concatenate([each.indices for each in past[:-1]]))
    fresh.query()  # what a strategy learns once, the other one has learned too
    fresh.add(past[-1].indices)
    fresh.number = rounds.number
    with calls() as expected:
        fresh.query()
    with calls() as found:
        rounds.query()
    assert found[0] < expected[0] + 15 * len(past)


def test_the_ledger_tells_all_rounds_again(played: Played) -> None:
    labeled = played.rounds.labeled
    again = LabeledSet(SIZE, CLASSES, labeled.path)
    asked = np.concatenate([each.indices for each in again.history])
    require_same(again, asked, TRUTH)
    require_same(labeled, asked, TRUTH)
    rounds = played.rounds.number
    assert len(again.history) == rounds and len(asked) == rounds * BUDGET
