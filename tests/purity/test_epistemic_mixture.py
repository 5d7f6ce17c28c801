"""Both epistemic energies of EAOA, item by item."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.functional import mixture_posterior
from openal.purity import EpistemicMixture

RNG = np.random.default_rng(0)
KIND = np.arange(120) % 4  # 0 and 1 are known, 2 and 3 unknown
FEATURES = np.eye(5)[KIND] + 0.3 * RNG.normal(size=(120, 5))
LOGITS = 3 * np.eye(3)[np.minimum(KIND, 2)] + RNG.normal(size=(120, 3))
LABELS = np.where(KIND < 2, KIND, UNKNOWN)
READS = ("detector_features", "detector_logits")


def scores(part: EpistemicMixture, answered: Any, features: Any = FEATURES) -> Tensor:
    labeled = LabeledSet(120, 2)
    labeled.add(answered, LABELS[answered])
    pool = Pool(detector_logits=LOGITS, detector_features=features)
    return part(pool.view(labeled, reads=READS))


def known_of(energy: np.ndarray) -> np.ndarray:
    """The posterior of the lower of two Gaussians, from the energies at minimum 0, maximum 1."""
    share = (energy - energy.min()) / (energy.max() - energy.min())
    lower = mixture_posterior(torch.from_numpy(-share), torch.zeros(len(share)).long(), 1)
    return lower.numpy()


def energy_of(a: np.ndarray) -> np.ndarray:
    return -np.log(np.exp(a[:, :-1]).sum(axis=1)) + np.log(1 + np.exp(a[:, -1]))


def hits(answered: np.ndarray, k: int) -> np.ndarray:
    unit = FEATURES / np.linalg.norm(FEATURES, axis=1, keepdims=True)
    open_ = np.setdiff1d(np.arange(120), answered)
    counts = np.zeros((len(open_), 3))
    for item in answered:
        nearest = np.argsort(-(unit[open_] @ unit[item]), kind="stable")[:k]
        counts[nearest, 2 if LABELS[item] < 0 else LABELS[item]] += 1
    sizes = np.array([(LABELS[answered] == c).sum() for c in (0, 1, UNKNOWN)])
    return counts * sizes[sizes > 0].mean() / np.maximum(sizes, 1)


@pytest.mark.parametrize("k", [5, 20])
def test_the_product_is_that_of_both_posteriors(k: int) -> None:
    answered = np.flatnonzero((np.arange(120) < 50) & (RNG.random(120) < 0.7))
    open_ = np.setdiff1d(np.arange(120), answered)
    expected = known_of(energy_of(LOGITS[open_])) * known_of(energy_of(hits(answered, k)))
    found = scores(EpistemicMixture(neighbors=k), answered)
    assert found.numpy() == pytest.approx(expected, abs=1e-6)


def test_without_features_the_detector_decides() -> None:
    found = scores(EpistemicMixture(features=None), np.arange(40))
    assert found.numpy() == pytest.approx(known_of(energy_of(LOGITS[40:])), abs=1e-8)


@pytest.mark.parametrize("part", [EpistemicMixture(neighbors=20), EpistemicMixture(features=None)])
def test_the_known_come_first(part: EpistemicMixture) -> None:
    found, known = scores(part, np.arange(40)), torch.from_numpy(KIND[40:] < 2)
    assert found[known].mean() > found[~known].mean() + 0.4


def test_equal_products_go_to_the_lower_energies() -> None:
    found = scores(EpistemicMixture(features=None), np.arange(0))
    order = np.argsort(energy_of(LOGITS))
    assert (found[torch.from_numpy(order)][:10].diff() <= 0).all()
    assert len(found.unique()) == 120


def test_before_any_answer_neighbors_say_nothing() -> None:
    both = scores(EpistemicMixture(), np.arange(0))
    alone = scores(EpistemicMixture(features=None), np.arange(0))
    torch.testing.assert_close(both, 0.5 * alone, atol=2e-9, rtol=0)


@pytest.mark.parametrize("answers", [KIND == 0, KIND == 2])
def test_one_kind_of_answers_is_enough(answers: np.ndarray) -> None:
    found = scores(EpistemicMixture(neighbors=5), np.flatnonzero(answers)[:9])
    assert ((found >= 0) & (found <= 1)).all()


def test_the_order_of_the_candidates_does_not_matter() -> None:
    labeled = LabeledSet(120, 2)
    labeled.add(np.arange(40), LABELS[:40])
    twice = FEATURES[np.arange(120) // 2] * (1 + np.arange(120) % 2)[:, None]  # equal cosines
    view = Pool(detector_logits=LOGITS, detector_features=twice).view(labeled, reads=READS)
    order = torch.from_numpy(RNG.permutation(80))
    part = EpistemicMixture(neighbors=7)
    torch.testing.assert_close(part(view.at(order)), part(view)[order])


def test_no_neighbors_are_too_few() -> None:
    with pytest.raises(ArgumentError, match="neighbors"):
        EpistemicMixture(neighbors=0)
