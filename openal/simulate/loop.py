"""The round loop with a simulated oracle, and the run that it records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from statistics import fmean
from time import perf_counter
from typing import Any

import numpy as np

from openal._checks import as_count, as_integers, as_list, as_number
from openal._seeds import derived_seed
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners import Classifier, EmbeddingClassifier
from openal.pool import Frozen, Learner, Pool
from openal.query import QueryStrategy
from openal.simulate.bounds import PerfectPurity
from openal.simulate.data import LabeledData, held_out_items, require_readable
from openal.simulate.metrics import (
    ClassScores,
    class_scores,
    query_precision,
    query_recall,
    wasted,
)
from openal.simulate.oracle import Oracle
from openal.simulate.split import OpenSetSplit

__all__ = ["Run", "Runs", "judged", "require_answers", "run_of", "simulate"]

SHARES = ("accuracy", "precision", "recall", "recall_with_init")
OF_CLASSES = ("class_precision", "class_recall", "class_f1")
"""What runs that were kept before it was measured lack."""

Table = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Run:
    """What happened to one strategy on one split, round by round.

    The papers' tables, where R evaluations come with R - 1 queries, leave the last query out.

    Attributes:
        asked: the dataset indices of each of R queries, in query order.
        accuracy: R + 1 shares of test items of known classes: accuracy[0] is measured after the
            first answers, accuracy[r] after the answers of r queries.
        precision: R shares of known items, each among the items of one query.
        recall: R shares of the pool's known items, found by all queries so far.
        recall_with_init: the same, counting the first answers on both sides.
        wasted: R numbers of answers that were spent on unknown items so far.
        seconds: R durations, each of one query with what the strategy trains in it.
        class_precision: R + 1 rows, one for each accuracy, of K shares: of the test items that are
            said to be of a class, those that are (`class_scores`). Empty, as the next two, in a
            run that was kept before these were measured.
        class_recall: the same of the test items of a class: those that are said to be.
        class_f1: the harmonic means of the two.
    """

    asked: tuple[tuple[int, ...], ...]
    accuracy: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    recall_with_init: tuple[float, ...]
    wasted: tuple[int, ...]
    seconds: tuple[float, ...]
    class_precision: Table = ()
    class_recall: Table = ()
    class_f1: Table = ()

    @property
    def macro_precision(self) -> tuple[float, ...]:
        """R + 1 means of the precision over all K classes, of each classifier."""
        return _means(self.class_precision)

    @property
    def macro_recall(self) -> tuple[float, ...]:
        """R + 1 means of the recall over all K classes, of each classifier."""
        return _means(self.class_recall)

    @property
    def macro_f1(self) -> tuple[float, ...]:
        """R + 1 means of the F1 over all K classes, of each classifier."""
        return _means(self.class_f1)


def _means(table: Table) -> tuple[float, ...]:
    return tuple(map(fmean, table))


Runs = Mapping[str, Mapping[int, Run]]
"""The run of each strategy, by name, at each seed."""


def judged(
    split: OpenSetSplit,
    asked: list[np.ndarray],
    accuracy: list[float],
    seconds: list[float],
    scores: Sequence[ClassScores] = (),
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
        recall_with_init=tuple(query_recall(labels, total, initial=initial) for labels in so_far),
        wasted=tuple(wasted(labels) for labels in so_far),
        seconds=tuple(seconds),
        class_precision=tuple(each.precision for each in scores),
        class_recall=tuple(each.recall for each in scores),
        class_f1=tuple(each.f1 for each in scores),
    )


def run_of(columns: Mapping[str, Any]) -> Run:
    """The run that was read from a file, checked number by number; extra columns are left out.

    A KeyError for a column that is not there, a ValueError for one that cannot be.
    """
    asked = tuple(_indices(query) for query in as_list(columns["asked"], "asked"))
    if not asked or not all(asked):
        raise ValueError("asked must hold at least one item in at least one round.")
    names = [field.name for field in fields(Run)[1:] if field.name not in OF_CLASSES]
    values = {name: _numbers(name, columns, len(asked)) for name in names}
    return Run(asked, **values, **_tables(columns, len(asked)))


def _tables(columns: Mapping[str, Any], rounds: int) -> dict[str, Any]:
    """What was measured of each class, in all columns or in none."""
    tables = {name: _table(name, columns.get(name, ()), rounds) for name in OF_CLASSES}
    shapes = {tuple(map(len, table)) for table in tables.values()}
    if len(shapes) > 1:
        raise ValueError(f"{', '.join(OF_CLASSES)} must hold as many classes in each round.")
    return tables


def _table(column: str, rows: Any, rounds: int) -> Table:
    shares = [
        [as_number(value, column, minimum=0, maximum=1) for value in as_list(row, column)]
        for row in as_list(rows, column)
    ]
    if shares and (len(shares) != rounds + 1 or {*map(len, shares)} != {len(shares[0]) or -1}):
        raise ValueError(f"{column} must have {rounds + 1} rows of as many shares.")
    return tuple(map(tuple, shares))


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
        return tuple(as_count(value, column) for value in values)
    return tuple(as_number(value, column, minimum=0, maximum=top) for value in values)


def simulate(
    strategy: QueryStrategy,
    data: LabeledData,
    split: OpenSetSplit,
    *,
    task: Learner | None = None,
    rounds: int = 10,
    budget: int = 20,
    seed: int = 0,
    oracle: Oracle | None = None,
    test: LabeledData | None = None,
    progress: bool | None = None,
) -> Run:
    """Query, answer and train for some rounds, and judge each.

    Strategies that are compared should be given the same split and seed. The first answers are
    the truth; a split without any is a cold start, whose accuracy[0] is that of a classifier which
    has seen nothing. All others come from the oracle. Precision, recall and waste are judged by the
    truth, whatever the oracle answered.

    Args:
        strategy: what is judged; `PerfectPurity`, a bound, is given the truth.
        data: the items, with labels that only the oracle and the judge see.
        split: which of them are pool, first answers and test items.
        task: the classifier that is trained from scratch in every round; by default logistic
            regression on `embeddings` where the data offer them, else `Classifier()` on images.
        rounds: the number of queries.
        budget: the answers per query.
        seed: seeds training and queries.
        oracle: by default one that never errs.
        test: a test set of its own, with the same class ids; by default the split's test items.
        progress: True for bars, False for none, None for bars on a terminal only.

    Returns:
        What was asked, and how it is judged, round by round.

    Raises:
        ArgumentError: the pool has too few items for all answers, or no test item is there.
    """
    require_answers(split, rounds, budget)
    task = _default_task(data) if task is None else task
    require_readable(task, data, test)
    pool, held_out = data.pool(split.pool), held_out_items(split, data, test)
    strategy = strategy.knowing(split.truth) if isinstance(strategy, PerfectPurity) else strategy
    oracle = Oracle(split.truth, split.num_classes) if oracle is None else oracle
    labeled = LabeledSet(len(pool), split.classes)
    if len(split.first):
        labeled.add(split.first, split.truth[split.first])
    train = partial(_train, task, pool, labeled, seed, progress)
    model: Any = train(0)
    predicted, asked, seconds = [held_out.predicted(model, progress)], [], []
    for number in range(rounds):
        started, query_seed = perf_counter(), derived_seed(seed, 1, number)
        query = strategy.query(
            pool, labeled, budget, model=model, seed=query_seed, progress=progress
        )
        seconds.append(perf_counter() - started)
        labeled.begin_round(query)
        labeled.add(query.indices, oracle(query.indices))
        asked.append(query.indices)
        model = train(number + 1)
        predicted.append(held_out.predicted(model, progress))
    labels, count = held_out.labels, split.num_classes
    accuracy = [float((classes == labels).mean()) for classes in predicted]
    scores = [class_scores(classes, labels, count) for classes in predicted]
    return judged(split, asked, accuracy, seconds, scores)


def require_answers(split: OpenSetSplit, rounds: int, budget: int) -> None:
    """Raise an ArgumentError unless the pool has an item for every answer."""
    rounds, budget = as_count(rounds, "rounds", minimum=1), as_count(budget, "budget", minimum=1)
    needed = len(split.first) + rounds * budget
    if needed > len(split.pool):
        raise ArgumentError(
            f"{len(split.first)} first answers and {rounds} rounds of budget {budget} are {needed} "
            f"answers; the pool has {len(split.pool)} items."
        )


def _default_task(data: LabeledData) -> Learner:
    return EmbeddingClassifier() if "embeddings" in data.offers else Classifier()


def _train(
    task: Learner, pool: Pool, labeled: LabeledSet, seed: int, progress: bool | None, number: int
) -> Frozen:
    seed = derived_seed(seed, 0, number)
    return task.fit(pool, labeled, seed=seed, progress=progress)
