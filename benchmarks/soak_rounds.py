"""The rounds of a soak, and its last queries again in a process without a past."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from benchmarks.gauges import bytes_read, held
from benchmarks.soak_pool import CLASSES, SoakPool
from openal import SKIPPED, UNKNOWN, LabeledSet, Pool
from openal.strategies import available
from openal.view import Round

__all__ = ["PEOPLE", "Record", "afresh", "require_same", "rounds_of"]

PEOPLE = 5  # each of whom hands in a part of a round
READ = 64  # items of the known subset that are read in a round

Record = dict[str, Any]


def rounds_of(
    data: SoakPool, name: str, path: Path, *, rounds: int, budget: int, reopen: int
) -> Iterator[Record]:
    """The figures of each round: query, begin the round, answer in parts, read the known subset.

    The network is another one in every round, so its logits are a new signal. Every `reopen`
    rounds the ledger is opened a second time and compared with all that was answered.
    """
    embeddings, truth, strategy = data.embeddings, data.answers, available()[name]()
    pool, asked = Pool(embeddings=embeddings), np.empty(0, np.int64)
    labeled = LabeledSet(len(pool), CLASSES, path)
    for number in range(1, rounds + 1):
        now, record = pool.with_signals(logits=data.logits(number)), {"round": number}
        with _timed(record, "query"):
            query = strategy.query(now, labeled, budget, seed=number, progress=False)
        with _timed(record, "begin"):
            labeled.begin_round(query)
        before = bytes_read()
        with _timed(record, "add"):
            for person, part in enumerate(np.array_split(query.indices, PEOPLE)):
                labeled.add(part, truth[part], annotator=f"person {person}")
        record["read"] = bytes_read() - before
        with _timed(record, "subset"):
            known = labeled.known_subset(embeddings)
            [known[position] for position in range(len(known))[-READ:]]
        asked = np.concatenate([asked, query.indices])
        if number % reopen == 0 or number == rounds:
            with _timed(record, "reopen"):
                again = LabeledSet(len(pool), CLASSES, path)
            require_same(labeled, asked, truth)
            require_same(again, asked, truth)
            del again
        yield {**record, "answers": len(labeled), "ledger": path.stat().st_size, **held()}


def afresh(data: SoakPool, name: str, path: Path, *, last: int) -> Record:
    """In a new process: the bytes that an answer takes, and the seconds of the `last` queries.

    All answers before them come without a score or a file. `same` tells whether the
    queries ask for the same items; None for a strategy that reads nothing: it draws others here.
    """
    torch.set_num_threads(1)
    tracemalloc.start()
    labeled = LabeledSet(len(data.answers), CLASSES, path)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    strategy, pool, past = available()[name](), Pool(embeddings=data.embeddings), labeled.history
    fresh, seconds, same = LabeledSet(labeled.size, CLASSES), [], []
    _answer(fresh, past[: -last - 1])
    for number, each in enumerate(past[-last - 1 :], len(past) - last):
        now, record = pool.with_signals(logits=data.logits(number)), {}
        with _timed(record, "query"):
            query = strategy.query(now, fresh, len(each.indices), seed=number, progress=False)
        seconds.append(record["query cpu"])
        same.append(np.array_equal(query.indices, each.indices))
        _answer(fresh, (each,))
    # The first of these finds out what the soak remembered; it is not counted.
    found = all(same) if strategy.reads else None
    return {"bytes_per_answer": taken / len(labeled), "query cpu": seconds[1:], "same": found}


def require_same(labeled: LabeledSet, asked: np.ndarray, truth: np.ndarray) -> None:
    """Stop where an answer is lost, changed or in another place."""
    answers = truth[asked]
    expected = {
        "known_indices": asked[answers >= 0],
        "known_labels": answers[answers >= 0],
        "unknown_indices": asked[answers == UNKNOWN],
        "skipped_indices": asked[answers == SKIPPED],
    }
    for name, values in expected.items():
        if not np.array_equal(getattr(labeled, name), values):
            raise SystemExit(f"{name} of {len(labeled)} answers are not what was answered.")


def _answer(labeled: LabeledSet, rounds: tuple[Round, ...]) -> None:
    """The rounds again, without their scores: as many as there were, which draws go by."""
    for each in rounds:
        if each.begun:
            labeled.begin_round(SimpleNamespace(indices=each.indices))
        labeled.add(each.indices, each.labels)


@contextmanager
def _timed(record: Record, name: str) -> Iterator[None]:
    """Seconds by the clock, and those that a processor was at work: others may use it too."""
    started, worked = perf_counter(), process_time()
    yield
    record[name], record[f"{name} cpu"] = perf_counter() - started, process_time() - worked
