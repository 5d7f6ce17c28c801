"""The closed-set baselines rank the whole pool by one number."""

import numpy as np
import pytest
from scipy.stats import entropy

from openal import informativeness, purity
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.selection import Top
from openal.strategies import (
    CertaintySampling,
    LeastConfidenceSampling,
    MarginSampling,
    Uncertainty,
)

LOGITS = 3 * np.random.default_rng(0).normal(size=(50, 4))
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
SORTED = np.sort(P, axis=1)


@pytest.mark.parametrize(
    "strategy, score",
    [
        (Uncertainty(), entropy(P, axis=1)),
        (CertaintySampling(), -entropy(P, axis=1)),
        (LeastConfidenceSampling(), 1 - P.max(axis=1)),
        (MarginSampling(), SORTED[:, -2] - SORTED[:, -1]),
    ],
    ids=repr,
)
def test_the_order_is_that_of_the_definition(strategy: Uncertainty, score: np.ndarray) -> None:
    query = strategy.query(Pool(logits=LOGITS), LabeledSet(50, 4), 50)
    assert query.indices.tolist() == np.argsort(-score, kind="stable").tolist()


def test_the_surest_are_not_the_most_uncertain() -> None:
    logits = np.array([[1000.0, 0], [0, 0], [1, 0]])  # log(p) of the first underflows
    query = Uncertainty().query(Pool(logits=logits), LabeledSet(3, 2), 3)
    assert query.indices.tolist() == [1, 2, 0]


def test_each_is_one_stage_over_the_signal_it_names() -> None:
    assert Uncertainty("z").stages == (Top(informativeness.Entropy(logits="z")),)
    assert LeastConfidenceSampling("z").stages == (Top(informativeness.LeastConfidence("z")),)
    assert MarginSampling("z").stages == (Top(informativeness.Margin("z")),)
    assert CertaintySampling("z").stages == (Top(purity.Certainty("z")),)
    assert MarginSampling("z").reads == ("z",)


def test_certainty_is_a_purity_and_the_others_teach() -> None:
    pool, labeled = Pool(logits=LOGITS), LabeledSet(50, 4)
    assert CertaintySampling().query(pool, labeled, 3).purity is not None
    assert MarginSampling().query(pool, labeled, 3).informativeness is not None
    assert MarginSampling().query(pool, labeled, 3).purity is None
