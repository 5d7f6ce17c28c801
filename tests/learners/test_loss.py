import math

import pytest
import torch

from openal.functional.losses import class_weights, weighted_cross_entropy

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 1.5, 0.0], [0.0, 0.0, 3.0], [1.0, 2.0, 2.0]])
LABELS = torch.tensor([0, 0, 2, 1])


def by_hand(temperature: float, weights: list[float]) -> float:
    total = share = 0.0
    for row, label in zip(LOGITS.tolist(), LABELS.tolist(), strict=True):
        exponents = [math.exp(value / temperature) for value in row]
        total += weights[label] * -math.log(exponents[label] / sum(exponents))
        share += weights[label]
    return total / share


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_loss_is_the_weighted_mean(temperature: float) -> None:
    loss = weighted_cross_entropy(
        LOGITS, LABELS, temperature=temperature, weights=torch.tensor([2.0, 4.0, 4.0])
    )
    assert float(loss) == pytest.approx(by_hand(temperature, [2.0, 4.0, 4.0]), rel=1e-6)


def test_scale_of_the_weights_does_not_matter() -> None:
    weights = class_weights(LABELS, 3)
    loss = weighted_cross_entropy(LOGITS, LABELS, weights=weights)
    assert float(weighted_cross_entropy(LOGITS, LABELS, weights=50 * weights)) == float(loss)


def test_weights_are_inverse_to_the_count() -> None:
    assert class_weights(torch.tensor([0, 0, 0, 1]), 2).tolist() == pytest.approx([4 / 3, 4])


def test_class_without_labels_weighs_nothing() -> None:
    assert class_weights(torch.tensor([1, 1]), 3).tolist() == [0, 1, 0]


def test_cap_bounds_the_ratio_of_weights() -> None:
    labels = torch.tensor([0] * 90 + [1] * 9 + [2])
    weights = class_weights(labels, 4, max_ratio=5)
    assert (weights / weights[0]).tolist() == pytest.approx([1, 5, 5, 0])


def test_no_labels_give_no_weights() -> None:
    assert class_weights(torch.empty(0, dtype=torch.int64), 2, max_ratio=3).tolist() == [0, 0]
