"""The ranking loss beside a loop over pairs."""

from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError, ArrayError
from openal.functional import ranking_loss
from tests.walking import walked

PREDICTED = torch.tensor([0.1, 0.9, 0.4, 0.2, 7.0])
LOSSES = torch.tensor([1.0, 2.0, 3.0, 0.5, 9.0])


def slow(predicted: list[float], losses: list[float], margin: float) -> list[float]:
    """One pair after the other, from the definition."""
    found = []
    for a in range(0, len(predicted) - 1, 2):
        sign = 1 if losses[a] > losses[a + 1] else -1
        found.append(max(0.0, margin - sign * (predicted[a] - predicted[a + 1])))
    return found


oracle_of_ranking_loss = slow


def test_golden_values() -> None:
    pairs = ranking_loss(PREDICTED, LOSSES, reduce=False)
    assert pairs.tolist() == pytest.approx([0.2, 0.8])
    assert float(ranking_loss(PREDICTED, LOSSES)) == pytest.approx(0.5)


@walked
@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 101])
@pytest.mark.parametrize("margin", [0.5, 1.0, 3.0])
def test_is_the_loop(count: int, margin: float) -> None:
    rng = np.random.default_rng(count)
    predicted, losses = rng.normal(size=count), rng.integers(0, 3, count).astype(float)
    found = ranking_loss(torch.tensor(predicted), torch.tensor(losses), margin=margin, reduce=False)
    expected = slow(predicted.tolist(), losses.tolist(), margin)
    assert found.tolist() == pytest.approx(expected)
    mean = ranking_loss(torch.tensor(predicted), torch.tensor(losses), margin=margin)
    assert float(mean) == pytest.approx(np.mean(expected) if expected else 0.0)


def test_equal_losses_count_as_not_larger() -> None:
    pairs = ranking_loss(torch.tensor([0.0, 0.4]), torch.tensor([1.0, 1.0]), reduce=False)
    assert pairs.tolist() == pytest.approx([0.6])


def test_the_gradient_pulls_the_pair_apart() -> None:
    predicted = torch.tensor([0.0, 0.5, 3.0, 0.0], requires_grad=True)
    ranking_loss(predicted, torch.tensor([2.0, 1.0, 2.0, 1.0])).backward()
    assert predicted.grad is not None
    assert predicted.grad.tolist() == [-0.5, 0.5, 0.0, 0.0]


def test_one_sample_teaches_nothing() -> None:
    predicted = torch.ones(1, requires_grad=True)
    ranking_loss(predicted, torch.ones(1)).backward()
    assert predicted.grad is not None
    assert predicted.grad.tolist() == [0.0]


@pytest.mark.parametrize(
    "predicted, losses, message",
    [
        (torch.zeros(2), torch.zeros(3), "losses must be as many"),
        (torch.tensor([0.0, np.nan]), torch.zeros(2), "predicted must be finite; row 1"),
        (torch.zeros(2), torch.tensor([np.inf, 0.0]), "losses must be finite; row 0"),
        (torch.zeros(2, 1), torch.zeros(2), "predicted must have 1 dimensions"),
    ],
)
def test_what_cannot_be_is_refused(predicted: Any, losses: Any, message: str) -> None:
    with pytest.raises(ArrayError, match=message):
        ranking_loss(predicted, losses)


def test_a_margin_is_positive() -> None:
    with pytest.raises(ArgumentError, match="margin"):
        ranking_loss(PREDICTED, LOSSES, margin=0)
