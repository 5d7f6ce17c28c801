"""What happened in a simulation, judged by the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from openal.checks import as_count, as_integers, as_list, as_number
from openal.simulate.metrics import query_precision, query_recall, wasted
from openal.simulate.split import OpenSetSplit

__all__ = ["Run", "Runs", "judged", "run_of"]

SHARES = ("accuracy", "precision", "recall", "recall_with_init")


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


def run_of(columns: Mapping[str, Any]) -> Run:
    """The run that was read from a file, checked number by number; extra columns are left out.

    A KeyError for a column that is not there, a ValueError for one that cannot be.
    """
    asked = tuple(_indices(each) for each in as_list(columns["asked"], "asked"))
    if not asked or not all(asked):
        raise ValueError("asked must hold at least one item in at least one round.")
    values = {each.name: _numbers(each.name, columns, len(asked)) for each in fields(Run)[1:]}
    return Run(asked, **values)


def _indices(values: Any) -> tuple[int, ...]:
    indices = as_integers(values, "asked")
    if indices.min(initial=0) < 0:
        raise ValueError(f"asked holds {indices.min()}; dataset indices were expected.")
    return tuple(indices.tolist())


def _numbers(column: str, columns: Mapping[str, Any], rounds: int) -> tuple[Any, ...]:
    top = 1.0 if column in SHARES else float("inf")
    values = as_list(columns[column], column)
    expected = rounds + (column == "accuracy")
    if len(values) != expected:
        raise ValueError(f"{column} has {len(values)} values; {expected} were expected.")
    if column == "wasted":
        return tuple(as_count(each, column) for each in values)
    return tuple(as_number(each, column, minimum=0, maximum=top) for each in values)
