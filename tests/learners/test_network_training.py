"""One step of training."""

import torch
from torch import Tensor, nn

from openal.learners.network_training import descent


def moved(max_norm: float) -> Tensor:
    network = nn.Linear(2, 1, bias=False)
    before = network.weight.detach().clone()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    step = descent(network, (optimizer,), Tensor.sum, None, max_norm)
    step(torch.tensor([[300.0, 400.0]]))
    return (network.weight - before).detach()


def test_a_step_is_no_longer_than_the_largest_gradient_allows() -> None:
    assert torch.allclose(moved(2.0), torch.tensor([[-0.6, -0.8]]), atol=1e-4)
    assert torch.allclose(moved(float("inf")), torch.tensor([[-150.0, -200.0]]))
