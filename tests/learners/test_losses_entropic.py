import math

import pytest
import torch

from openal.functional._entropic_losses import cluster_loss, known_head_loss, unknown_head_loss
from openal.functional.losses import weighted_cross_entropy
from openal.learners._entropic_network import Clusters, EntropicLoss, Outputs

NO = torch.tensor([[0.0, 1, 2], [3, 0, -2]])
YES = torch.tensor([[1.0, 1, -1], [-1, 0.5, 2]])
HEADS = torch.stack([NO, YES], dim=1)
FEATURES = torch.tensor([[0.0, 0], [1, 1]])
CENTERS = torch.tensor([[0.0, 1], [2, 2], [5, 0]])
LOSS = EntropicLoss(0.5, 0.8, 0.1, None, 5)
NOBODY = torch.empty(0, dtype=torch.int64)


def test_golden_values_of_the_heads() -> None:
    known = known_head_loss(HEADS, torch.tensor([0, 2]))
    scaled = 0.2 * known_head_loss(HEADS[:1], torch.tensor([0]))
    undecided = 0.8 * unknown_head_loss(HEADS[1:])
    found = [each.item() for each in (known, scaled, undecided)]
    assert found == pytest.approx([0.499659, 0.100641, 1.269434], abs=1e-6)


def test_golden_value_of_the_clusters() -> None:
    found = cluster_loss(FEATURES, torch.tensor([0, 1]), CENTERS)
    assert found.item() == pytest.approx(0.676890, abs=1e-6)


def test_golden_value_of_the_whole() -> None:
    logits = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 2]])
    labels = torch.tensor([0, 3])
    clusters = Clusters(torch.tensor([0, 1]), CENTERS)
    near = cluster_loss(FEATURES[1:], torch.tensor([1]), CENTERS)
    expected = weighted_cross_entropy(logits, labels, temperature=0.5) + 0.100641 + 1.269434
    found = LOSS(Outputs(logits, HEADS, FEATURES), labels, clusters)
    torch.testing.assert_close(found, expected + 0.1 * near, atol=1e-5, rtol=0)


def test_before_any_unknown_known_samples_have_full_weight() -> None:
    outputs = Outputs(torch.zeros(2, 4), HEADS, FEATURES)
    assert LOSS(outputs, torch.tensor([0, 2]), None).item() == pytest.approx(
        math.log(4) + 0.499659, abs=1e-6
    )


def test_an_empty_half_of_a_batch_is_zero() -> None:
    assert known_head_loss(HEADS[:0], NOBODY).item() == 0
    assert unknown_head_loss(HEADS[:0]).item() == 0
    assert cluster_loss(FEATURES[:0], NOBODY, CENTERS).item() == 0


def test_one_class_has_no_hard_negative() -> None:
    heads = torch.tensor([[[0.0], [1.0]]])
    expected = -torch.tensor(1.0).sigmoid().log().item() / 2
    assert known_head_loss(heads, torch.tensor([0])).item() == pytest.approx(expected)


def test_unknown_heads_are_best_undecided() -> None:
    undecided = unknown_head_loss(torch.zeros(3, 2, 4)).item()
    assert undecided == pytest.approx(math.log(2))
    assert unknown_head_loss(HEADS).item() > undecided


def test_a_point_that_is_its_center_has_a_gradient() -> None:
    features = CENTERS[:1].clone().requires_grad_()
    cluster_loss(features, torch.tensor([0]), CENTERS).backward()
    assert features.grad is not None and features.grad.isfinite().all()
