"""Outlier exposure: the cross-entropy of known samples, and that to the even prediction."""

import math

import numpy as np
import pytest
import torch

from openal.functional.losses import outlier_exposure_loss
from tests.walking import walked


def slow(z: np.ndarray, labels: np.ndarray, weight: float) -> float:
    """One sample after the other, from the definition."""
    known, unknown = [], []
    for row, label in zip(z.tolist(), labels.tolist(), strict=True):
        shares = [math.exp(x) / math.fsum(map(math.exp, row)) for x in row]
        if label < len(row):
            known.append(-math.log(shares[label]))
        else:
            unknown.append(-math.fsum(math.log(p) / len(row) for p in shares))
    means = [sum(each) / len(each) if each else 0.0 for each in (known, unknown)]
    return means[0] + weight * means[1]


@walked
@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("kind", ["both", "known", "unknown", "none"])
def test_is_the_loop(kind: str, classes: int) -> None:
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 12)
    labels[::3] = classes
    kept = {"known": labels < classes, "unknown": labels == classes, "none": labels < 0}
    labels = labels[kept.get(kind, labels >= 0)]
    z = rng.normal(size=(len(labels), classes))
    found = outlier_exposure_loss(torch.from_numpy(z), torch.from_numpy(labels), weight=0.7)
    assert float(found) == pytest.approx(slow(z, labels, 0.7), abs=1e-9)


def test_an_even_prediction_of_the_unknown_is_best() -> None:
    logits = torch.zeros(1, 3, requires_grad=True)
    outlier_exposure_loss(logits, torch.tensor([3]), weight=1.0).backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-7
