"""The round loop with a simulated oracle: train, test, query, answer, and again."""

from functools import partial
from time import perf_counter
from typing import Any

from openal.checks import as_count
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners import Classifier, EmbeddingClassifier
from openal.pool import Frozen, Learner, Pool
from openal.query import QueryStrategy
from openal.seeds import derived_seed, isolated_rng
from openal.simulate.data import LabeledData
from openal.simulate.exam import exam_of
from openal.simulate.oracle import Oracle
from openal.simulate.run import Run, judged
from openal.simulate.split import OpenSetSplit

__all__ = ["require_answers", "simulate"]


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
    the truth; all others come from the oracle. Precision, recall and waste are judged by the
    truth, whatever the oracle answered.

    Args:
        strategy: what is judged.
        data: the items, with labels that only the oracle and the judge see.
        split: which of them are pool, first answers and test items.
        task: the classifier that is trained from scratch in every round; by default logistic
            regression on `embeddings` where the data offer them, else `Classifier()` on images.
        rounds: the number of queries.
        budget: the answers per query.
        seed: seeds training and queries.
        oracle: by default one that never errs.
        test: a test set of its own, with the same class ids; by default the split's test items.
        progress: False for no bars.
    """
    require_answers(split, rounds, budget)
    pool, exam = data.pool(split.pool), exam_of(split, data, test)
    task = _default_task(pool) if task is None else task
    oracle = Oracle(split.truth, split.num_classes) if oracle is None else oracle
    labeled = LabeledSet(len(pool), split.classes)
    labeled.add(split.first, split.truth[split.first])
    train = partial(_train, task, pool, labeled, seed, progress)
    model: Any = train(0)
    accuracy, asked, seconds = [exam.accuracy(model, progress)], [], []
    for number in range(rounds):
        started, draw = perf_counter(), derived_seed(seed, 1, number)
        query = strategy.query(pool, labeled, budget, model=model, seed=draw, progress=progress)
        seconds.append(perf_counter() - started)
        labeled.begin_round(query)
        labeled.add(query.indices, oracle(query.indices))
        asked.append(query.indices)
        model = train(number + 1)
        accuracy.append(exam.accuracy(model, progress))
    return judged(split, asked, accuracy, seconds)


def require_answers(split: OpenSetSplit, rounds: int, budget: int) -> None:
    """Raise an ArgumentError unless the pool has an item for every answer."""
    rounds, budget = as_count(rounds, "rounds", minimum=1), as_count(budget, "budget", minimum=1)
    needed = len(split.first) + rounds * budget
    if needed > len(split.pool):
        raise ArgumentError(
            f"{len(split.first)} first answers and {rounds} rounds of budget {budget} are {needed} "
            f"answers; the pool has {len(split.pool)} items."
        )


def _default_task(pool: Pool) -> Learner:
    return EmbeddingClassifier() if "embeddings" in pool.offers else Classifier()


def _train(
    task: Learner, pool: Pool, labeled: LabeledSet, seed: int, progress: bool | None, number: int
) -> Frozen:
    seed = derived_seed(seed, 0, number)
    with isolated_rng(seed):
        return task.fit(pool, labeled, seed=seed, progress=progress)
