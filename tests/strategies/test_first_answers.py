"""How the first answers are added decides nothing: one call, many, or one for each class."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from openal import UNKNOWN, LabeledSet, Pool
from openal.selection.adaptive import past_precisions
from openal.strategies import E2OAL, EAOA, MQNet, Random

K, N = 3, 120
RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.integers(0, 5, N)
Z = (RANDOM.normal(size=(5, 8))[TRUTH] + 0.6 * RANDOM.normal(size=(N, 8))).astype(np.float32)
LABELS = np.where(TRUTH < K, TRUTH, UNKNOWN)
FIRST = np.concatenate([np.flatnonzero(label == LABELS)[:6] for label in (*range(K), UNKNOWN)])
LOGITS = (2 * RANDOM.normal(size=(N, K))).astype(np.float32)
STRATEGIES: dict[str, Callable[[], Any]] = {
    "EAOA": EAOA,
    "E2OAL": E2OAL,
    "MQNet": MQNet,
    "Random": Random,
}


POOL = Pool(embeddings=Z, features=Z, logits=LOGITS)
WAYS: dict[str, list[np.ndarray]] = {
    "by class": [FIRST[LABELS[FIRST] == label] for label in (*range(K), UNKNOWN)],
    "one by one": [*FIRST[:, None]],
}


def labeled(calls: list[np.ndarray]) -> LabeledSet:
    answers = LabeledSet(N, K)
    for indices in calls:
        answers.add(indices, LABELS[indices])
    return answers


def queries(strategy: Any, answers: LabeledSet, beside: list[np.ndarray]) -> list[list[int]]:
    """Two rounds, with answers beside the first."""
    asked = []
    for _ in range(2):
        query = strategy.query(POOL, answers, 8, seed=3)
        asked.append(query.indices.tolist())
        answers.begin_round(query)
        answers.add(query.indices, LABELS[query.indices])
        free = answers.unlabeled_indices[: len(np.concatenate(beside))]
        for at in beside:
            answers.add(free[at], LABELS[free[at]])
    return asked


@pytest.mark.long
@pytest.mark.parametrize("calls", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_the_calls_of_first_answers_do_not_decide(
    strategy: Callable[[], Any], calls: list[np.ndarray]
) -> None:
    one, many = labeled([FIRST]), labeled(calls)
    once, apart = [np.arange(6)], [*np.arange(6)[:, None]]
    assert queries(strategy(), one, once) == queries(strategy(), many, apart)


@pytest.mark.parametrize("calls", [[FIRST], *WAYS.values()], ids=["at once", *WAYS])
def test_first_answers_are_no_query_with_a_precision(calls: list[np.ndarray]) -> None:
    answers = labeled(calls)
    assert past_precisions(answers.history) == []
    query = Random().query(POOL, answers, 10, seed=0)
    answers.begin_round(query)
    answers.add(query.indices, LABELS[query.indices])
    answers.add(answers.unlabeled_indices[:5], [UNKNOWN] * 5)
    assert past_precisions(answers.history) == [float((LABELS[query.indices] >= 0).mean())]
