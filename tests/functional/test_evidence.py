"""The evidential loss."""

import pytest
import torch
from torch.distributions import Dirichlet, kl_divergence

from openal.functional.losses import evidential_loss


@pytest.mark.parametrize("anneal", [0.0, 0.3, 1.0])
def test_equals_the_distributions_of_torch(anneal: float) -> None:
    logits = 3 * torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    expected = torch.zeros((), dtype=torch.float64)
    for row, label in zip(logits, labels, strict=True):
        alpha = row.exp() + 1
        expected -= Dirichlet(alpha).mean[label].log()
        alpha[label] = 1
        expected += anneal / 4 * kl_divergence(Dirichlet(alpha), Dirichlet(torch.ones_like(alpha)))
    torch.testing.assert_close(evidential_loss(logits, labels, anneal=anneal), expected / 6)


def test_no_evidence_is_an_even_guess() -> None:
    loss = evidential_loss(torch.full((2, 5), -1e30), torch.tensor([0, 4]))
    assert loss.item() == pytest.approx(torch.tensor(5.0).log().item(), abs=1e-3)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_logits_count_up_to_ten_either_way(sign: float) -> None:
    far, inner = (sign * torch.tensor([[x, 0.0]]).double() for x in (10.0, 9.9))
    loss = evidential_loss(far, torch.tensor([1]))
    assert evidential_loss(10 * far, torch.tensor([1])) == loss
    assert evidential_loss(inner, torch.tensor([1])) != loss


def test_huge_logits_have_a_finite_loss_and_gradient() -> None:
    logits = torch.tensor([[1e30, -1e30, 3.0]], requires_grad=True)
    loss = evidential_loss(logits, torch.tensor([1]))
    loss.backward()
    assert loss.isfinite()
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_evidence_for_another_class_costs() -> None:
    right, wrong = torch.tensor([[5.0, -5.0]]), torch.tensor([[5.0, 3.0]])
    label = torch.tensor([0])
    assert evidential_loss(wrong, label) > evidential_loss(right, label) + 0.1
