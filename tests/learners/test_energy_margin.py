"""A margin between the energies of known and unknown answers."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.functional import energy, epistemic_energy
from openal.functional.losses import energy_margin_loss, weighted_cross_entropy
from openal.learners import Detector, EmbeddingDetector
from openal.learners._detection import Detection
from tests.walking import walked

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS, DIGITS = (PIXELS / 16).astype("f4"), np.where(DIGITS < 4, DIGITS, UNKNOWN)
ALL = np.arange(len(DIGITS))
SOME = np.random.default_rng(0).permutation(ALL)[:300]
MARGIN = (-25.0, -7.0)


def answered(indices: np.ndarray) -> LabeledSet:
    labeled = LabeledSet(len(DIGITS), 4)
    labeled.add(indices, DIGITS[indices])
    return labeled


def energies(detector: Any, indices: np.ndarray = SOME, items: Any = None) -> torch.Tensor:
    pool = Pool(items, embeddings=PIXELS)
    fitted = detector.fit(pool, answered(indices), seed=0, progress=False)
    logits = fitted.signals(pool, ALL, ("detector_logits",))["detector_logits"]
    return energy(logits[:, :-1]).cpu()


def area(scores: torch.Tensor) -> float:
    """How often a known item scores below an unknown one."""
    known, unknown = scores[DIGITS >= 0], scores[DIGITS < 0]
    return float((known[:, None] < unknown).double().mean())


def test_the_loss_is_the_mean_square_of_what_is_out_of_bounds() -> None:
    rng = np.random.default_rng(0)
    z, y = 20 * rng.normal(size=(30, 4)), rng.integers(0, 4, 30)
    e = -np.log(np.exp(z[:, :3]).sum(axis=1))
    known, unknown = e[y < 3], e[y == 3]
    expected = (np.maximum(known + 25, 0) ** 2).mean() + (np.maximum(-7 - unknown, 0) ** 2).mean()
    found = energy_margin_loss(torch.from_numpy(z), torch.from_numpy(y), MARGIN)
    assert found.item() == pytest.approx(expected)


@pytest.mark.parametrize("label, expected", [(0, 24.0**2), (1, 0.0)])
def test_a_kind_without_samples_adds_nothing(label: int, expected: float) -> None:
    found = energy_margin_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([label]), MARGIN)
    assert found.item() == expected


def test_it_counts_a_hundredth_beside_the_cross_entropy() -> None:
    detection = Detection(0.5, False, True, False, None, MARGIN)
    logits, labels = torch.randn(9, 3, generator=torch.Generator()), torch.arange(9) % 3
    expected = weighted_cross_entropy(logits, labels, temperature=0.5)
    expected = expected + 0.01 * energy_margin_loss(logits, labels, MARGIN)
    assert detection.loss(labels.numpy(), 3)(logits, labels).item() == pytest.approx(
        expected.item()
    )


def test_known_energies_sink_and_unknown_ones_do_not() -> None:
    plain = energies(EmbeddingDetector(temperature=1.0))
    wide = energies(EmbeddingDetector(temperature=1.0, weight_decay=0.003, energy_margin=MARGIN))
    known = torch.from_numpy(DIGITS >= 0)
    assert plain[known].mean() > -6
    assert wide[known].mean() < -20
    assert wide[~known].mean() > -7


def test_epistemic_energies_tell_known_from_unknown_better() -> None:
    pool, found = Pool(embeddings=PIXELS), []
    for margin in (None, MARGIN):
        detector = EmbeddingDetector(temperature=1.0, weight_decay=0.003, energy_margin=margin)
        fitted = detector.fit(pool, answered(SOME))
        logits = fitted.signals(pool, ALL, ("detector_logits",))["detector_logits"]
        found.append(area(epistemic_energy(logits)))
    assert found[1] > max(0.98, found[0])


@pytest.mark.parametrize("indices", [ALL[:0], ALL[:1], np.flatnonzero(DIGITS < 0)[:5]])
@pytest.mark.parametrize("hidden", [None, 8])
def test_cold_starts_are_finite(indices: np.ndarray, hidden: int | None) -> None:
    detector = EmbeddingDetector(hidden=hidden, energy_margin=MARGIN)
    assert energies(detector, indices).abs().max() < 100


@pytest.mark.long
def test_networks_learn_the_margin() -> None:
    def factory(outputs: int) -> nn.Module:
        return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, outputs))

    options: dict[str, Any] = {"factory": factory, "augment": None, "device": "cpu", "epochs": 60}
    items = torch.from_numpy(PIXELS)
    plain, wide = (
        energies(Detector(temperature=1.0, energy_margin=margin, **options), SOME, items)
        for margin in (None, MARGIN)
    )
    known = torch.from_numpy(DIGITS >= 0)
    gaps = [float(each[~known].mean() - each[known].mean()) for each in (plain, wide)]
    assert wide[known].mean() < plain[known].mean() - 10
    assert gaps[1] > gaps[0] + 1


@walked
@pytest.mark.parametrize("kind", [Detector, EmbeddingDetector])
@pytest.mark.parametrize("wrong", [(-7.0, -25.0), (1.0,), -25.0, (np.nan, 0.0), "ab"])
def test_margins_that_cannot_be(kind: Any, wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="energy_margin"):
        kind(energy_margin=wrong)
