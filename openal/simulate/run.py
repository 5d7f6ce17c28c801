"""What happened in a simulation, judged by the truth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from openal.simulate.metrics import query_precision, query_recall, wasted
from openal.simulate.split import OpenSetSplit

__all__ = ["Run", "Runs", "judged"]


@dataclass(frozen=True)
class Run:
    """What happened to one strategy on one split, round by round.

    `accuracy` has one value more than there are rounds: accuracy[0] is measured after the first
    answers, accuracy[r] after the answers of r queries. The papers' tables, where R evaluations
    come with R - 1 queries, leave the last query out.
    """

    asked: tuple[tuple[int, ...], ...]  # dataset indices, in query order
    accuracy: tuple[float, ...]  # on test items of known classes
    precision: tuple[float, ...]  # of each round's query
    recall: tuple[float, ...]  # of all queries so far
    recall_with_init: tuple[float, ...]  # the same, counting the first answers
    wasted: tuple[int, ...]  # answers spent on unknown items so far
    seconds: tuple[float, ...]  # of each query, with what the strategy trains in it


Runs = Mapping[str, Mapping[int, Run]]
"""The run of each strategy, by name, at each seed."""


def judged(
    split: OpenSetSplit, asked: list[np.ndarray], accuracy: list[float], seconds: list[float]
) -> Run:
    """The run in which `asked` holds the pool indices of each query."""
    rounds = [split.truth[indices] for indices in asked]
    so_far = [np.concatenate(rounds[: r + 1]) for r in range(len(rounds))]
    initial = int((split.truth[split.first] >= 0).sum())
    total = int((split.truth >= 0).sum()) - initial
    return Run(
        asked=tuple(tuple(split.pool[indices].tolist()) for indices in asked),
        accuracy=tuple(accuracy),
        precision=tuple(query_precision(labels) for labels in rounds),
        recall=tuple(query_recall(labels, total) for labels in so_far),
        recall_with_init=tuple(query_recall(each, total, initial=initial) for each in so_far),
        wasted=tuple(wasted(labels) for labels in so_far),
        seconds=tuple(seconds),
    )
