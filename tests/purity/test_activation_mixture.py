"""Does the largest known activation belong to the upper half of a mixture?"""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.functional import mixture_posterior
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import ActivationMixture, LargestActivation


def scores(part: Any, logits: Any, num_classes: int) -> Tensor:
    labeled = LabeledSet(len(logits), num_classes)
    pool = Pool(**{part.activations: np.asarray(logits, np.float64)})
    found: Tensor = part(pool.view(labeled, reads=(part.activations,)))
    return found


# Of class 0: three low, three high. Of class 1: the same, ten higher. Then two unknowns.
LOGITS = np.array(
    [
        *([a, -9.0, -9.0] for a in (1.0, 1.1, 1.2, 5.0, 5.1, 5.2)),
        *([-9.0, a, -9.0] for a in (11.0, 11.1, 11.2, 15.0, 15.1, 15.2)),
        [0.0, 0.1, 9.0],
        [2.0, 0.0, 9.0],
    ]
)


def test_each_class_has_its_own_mixture() -> None:
    found = scores(ActivationMixture(), LOGITS, 2)
    assert found[:12].tolist() == pytest.approx([0, 0, 0, 1, 1, 1] * 2, abs=1e-6)
    assert found.dtype == torch.float64


def test_one_group_for_all_parts_the_classes_instead() -> None:
    found = scores(ActivationMixture(per_class=False), LOGITS, 2)
    assert found[:12].tolist() == pytest.approx([0] * 6 + [1] * 6, abs=1e-3)


def test_predicted_unknowns_come_last_by_their_known_activation() -> None:
    found = scores(ActivationMixture(), LOGITS, 2)
    assert 0 <= found[12] < found[13] < found[:12].min()


def test_equal_posteriors_go_to_the_larger_activation() -> None:
    found = scores(ActivationMixture(), LOGITS, 2)
    assert (found[:6].diff() > 0).all()
    assert (found[6:12].diff() > 0).all()


def test_classes_whose_activations_are_higher_do_not_come_first() -> None:
    found = scores(ActivationMixture(), LOGITS, 2)
    assert torch.allclose(found[:6], found[6:12], rtol=0, atol=1e-12)


@pytest.mark.parametrize("bayesian", [False, True])
def test_the_posterior_is_that_of_the_mixture(bayesian: bool) -> None:
    value = np.random.default_rng(0).normal(size=40) + np.arange(40) % 2 * 3
    options: Any = {"tied": True}
    if bayesian:
        options |= {"bayesian": True, "standardize": True, "max_iter": 200, "tol": 1e-3}
        options |= {"weight_concentration": 10.0, "mean_precision": 0.01}
    groups = torch.zeros(40, dtype=torch.int64)
    expected = mixture_posterior(torch.from_numpy(value), groups, 1, **options)
    part = ActivationMixture(tied=True, bayesian=bayesian)
    found = scores(part, np.stack([value, value - 99], axis=1), 1)
    assert torch.allclose(found, expected, rtol=0, atol=2e-9)


def test_a_tied_posterior_never_falls_as_the_activation_rises() -> None:
    value = np.sort(np.random.default_rng(1).normal(size=50) ** 3)
    found = scores(ActivationMixture(tied=True), np.stack([value, value - 99], axis=1), 1)
    assert (found.diff() >= 0).all()


def test_a_lonely_or_uniform_class_scores_one_half() -> None:
    logits = [[3.0, 0, -9], [0, 2.0, -9], [0, 2.0, -9]]
    assert scores(ActivationMixture(), logits, 2).tolist() == pytest.approx([0.5] * 3, abs=1e-6)


def test_only_unknowns_are_ranked_all_the_same() -> None:
    found = scores(ActivationMixture(), [[1.0, 9], [3, 9], [2, 9]], 1)
    assert found.argsort().tolist() == [0, 2, 1]
    assert (found < 1e-8).all()


def test_a_tie_with_the_unknown_is_known() -> None:
    found = scores(ActivationMixture(), [[2.0, 2.0], [1.0, 2.0]], 1)
    assert found[0].item() == pytest.approx(0.5, abs=1e-6)
    assert found[1].item() == pytest.approx(0.0, abs=1e-6)


def test_without_an_unknown_column_every_column_is_a_class() -> None:
    part = ActivationMixture(unknown_column=False, activations="logits")
    found = scores(part, LOGITS[:12, :2], 2)
    assert found.tolist() == pytest.approx([0, 0, 0, 1, 1, 1] * 2, abs=1e-6)


def test_moving_and_stretching_all_logits_of_an_item_group_changes_no_order() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(60, 4))
    order = scores(ActivationMixture(bayesian=True), logits, 3).argsort().tolist()
    moved = scores(ActivationMixture(bayesian=True), 5 * logits + 100, 3).argsort().tolist()
    assert order == moved


def test_scores_stay_between_zero_and_one_for_huge_logits() -> None:
    for logits in (LOGITS * 1e30, LOGITS * 1e-30, LOGITS * 1e150):
        found = scores(ActivationMixture(), logits, 2)
        assert ((found >= 0) & (found <= 1)).all()


def test_the_largest_activation_is_the_ablation() -> None:
    found = scores(LargestActivation(), LOGITS, 2)
    assert found[:12].tolist() == LOGITS[:, :2].max(axis=1)[:12].tolist()
    assert found[12] < found[13] < found[:12].min()


def test_the_largest_activation_without_an_unknown_column() -> None:
    part = LargestActivation(unknown_column=False, activations="logits")
    assert scores(part, LOGITS[:, :2], 2).tolist() == LOGITS[:, :2].max(axis=1).tolist()
