"""In which step a mixture changes the prediction."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional.feature_mix import class_anchors, flip_sizes
from openal.informativeness.feature_mix import FeatureMix
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.view import View

RNG = np.random.default_rng(0)
WEIGHT = RNG.normal(size=(3, 5))
FEATURES = RNG.normal(size=(50, 5))
LOGITS = FEATURES @ WEIGHT.T + np.array([0.1, 0, -0.2])
ANSWERS = {0: 0, 1: 2, 2: 0, 3: UNKNOWN}


def view(answers: dict[int, int], seed: int = 0, **signals: Any) -> View:
    labeled = LabeledSet(50, 3)
    labeled.add(list(answers), list(answers.values()))
    signals = {"features": FEATURES, "logits": LOGITS, **signals}
    return Pool(**signals).view(labeled, reads=("features", "logits"), seed=seed)


def expected_sizes() -> Tensor:
    """With the true weights instead of those found; without class 1, which has no answer."""
    anchors = class_anchors(torch.tensor(FEATURES[:3]), torch.tensor([0, 2, 0]))
    features, logits = (torch.tensor(each[4:]) for each in (FEATURES, LOGITS))
    return flip_sizes(features, logits, torch.tensor(WEIGHT), anchors)


@pytest.mark.parametrize("cap", [0.03125, 0.2, 0.9])
def test_one_minus_the_step_in_which_it_changes(cap: float) -> None:
    seen, sizes = view(ANSWERS), expected_sizes()
    scores = FeatureMix(cap)(seen)
    steps = [n * cap for n in range(1, 40) if n * cap < 1]
    for score, size in zip(scores.tolist(), sizes.tolist(), strict=True):
        first = next((step for step in steps if size <= step), None)
        wanted = 1 - first if first is not None else -size / (1 + size)
        assert score == pytest.approx(wanted, abs=1e-6)
    assert (scores > 0).any()
    assert seen.notes["head_explained"] == pytest.approx(1)


def test_what_needs_more_than_one_scores_below_zero_and_falls() -> None:
    scores, sizes = FeatureMix(0.2)(view(ANSWERS, features=FEATURES * 0.1)), expected_sizes()
    hard = scores < 0
    assert hard.any()
    assert torch.equal(scores[hard].argsort(descending=True), sizes[hard].argsort())


@pytest.mark.parametrize("answers", [{}, {3: UNKNOWN}])
def test_before_a_known_answer_all_score_alike(answers: dict[int, int]) -> None:
    assert (FeatureMix()(view(answers)) == -1).all()


def test_features_that_explain_nothing_are_told() -> None:
    seen = view(ANSWERS, logits=np.random.default_rng(1).normal(size=(50, 3)))
    assert FeatureMix()(seen).isfinite().all()
    assert seen.notes["head_explained"] < 0.5


def test_a_sample_of_a_large_pool_finds_the_head() -> None:
    n = 400
    features = np.random.default_rng(2).normal(size=(n, 5))
    signals = {"features": features, "logits": features @ WEIGHT.T}
    labeled = LabeledSet(n, 3)
    labeled.add([0, 1], [0, 1])
    views = [
        Pool(**signals).view(labeled, reads=("features", "logits"), seed=seed) for seed in (0, 1)
    ]
    assert torch.equal(FeatureMix()(views[0]), FeatureMix()(views[1]))


@pytest.mark.parametrize("cap", [0, 1, 1.5, -0.1, float("nan"), "0.2"])
def test_a_cap_is_between_0_and_1(cap: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^cap must be"):
        FeatureMix(cap)
