"""The probability of a calibrated detector, in the stages that need one."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from openal import Chain
from openal.informativeness import Uniform
from openal.labeled import UNKNOWN, LabeledSet
from openal.learners import CalibratedDetector
from openal.pool import Pool
from openal.purity import KnownProbability
from openal.selection import Filter, TargetPrecision, Top
from openal.testing import World, check_strategy

PIXELS, DIGITS = load_digits(return_X_y=True)
TRUTH = np.where(DIGITS < 4, DIGITS, UNKNOWN)
POOL = Pool(embeddings=PIXELS.astype("f4"))


def answered(count: int) -> LabeledSet:
    labeled = LabeledSet(len(DIGITS), 4)
    if count:
        labeled.add(np.arange(count), TRUTH[:count])
    return labeled


def test_it_is_the_sigmoid_of_the_log_odds() -> None:
    pool = Pool(known_log_odds=np.array([0.0, 2.0, -800.0, 5.0, 5.0]))
    labeled = LabeledSet(5, 1)
    labeled.add([3, 4], [0, UNKNOWN])
    view = pool.view(labeled, reads=("known_log_odds",))
    expected = [0.5, 1 / (1 + np.exp(-2)), 0]
    assert KnownProbability()(view).tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("labels", [{}, {0: 0}, {0: UNKNOWN}])
def test_before_both_kinds_all_are_at_one_half_in_random_order(labels: dict[int, int]) -> None:
    labeled = LabeledSet(len(DIGITS), 4)
    labeled.add([*labels], [*labels.values()])
    queries = [
        Chain(Top(KnownProbability())).query(POOL, labeled, 9, seed=seed) for seed in (0, 0, 1)
    ]
    assert queries[0].purity is not None
    torch.testing.assert_close(queries[0].purity, torch.full((9,), 0.5))
    assert [*queries[0]] == [*queries[1]] != [*queries[2]]


def test_a_threshold_is_the_share_of_known_above_it() -> None:
    labeled = answered(100)
    for above in (0.5, 0.9):
        step = Chain(Filter(KnownProbability(), above=above)).query(POOL, labeled, 1, seed=0)
        kept = step.steps[0].kept
        assert (TRUTH[kept] >= 0).mean() > above - 0.05


def test_it_lets_a_target_precision_be_met() -> None:
    target = TargetPrecision(KnownProbability(), then=Uniform(), precision=0.7)
    labeled, asked = answered(60), []
    for seed in range(4):
        query = Chain(target, Top(Uniform())).query(POOL, labeled, 60, seed=seed)
        labeled.begin_round(query)
        labeled.add(query.indices, TRUTH[query.indices])
        asked.append((TRUTH[query.indices] >= 0).mean())
    assert np.mean(asked) == pytest.approx(0.7, abs=0.1)


def test_it_brings_its_detector() -> None:
    assert KnownProbability().learners == (CalibratedDetector(),)
    assert Filter(KnownProbability()).above == 0.5


def log_odds(made: World) -> dict[str, np.ndarray]:
    """What a detector says of each item of a world."""
    logits = made.signals["detector_logits"]
    return {"known_log_odds": logits[:, :-1].max(axis=1) - logits[:, -1]}


@pytest.mark.long
def test_a_chain_of_it_keeps_the_contract() -> None:
    check_strategy(Chain(Filter(KnownProbability()), Top(Uniform())), signals=log_odds)
