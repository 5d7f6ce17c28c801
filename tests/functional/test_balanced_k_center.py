"""Farthest first, less the imbalance, against the definition."""

import pytest
import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional import balanced_k_center, k_center_greedy
from tests.walking import walked


def by_hand(
    x: Tensor, centers: Tensor, p: Tensor, required: Tensor, budget: int, lamb: float
) -> list[int]:
    chosen: list[int] = []
    while len(chosen) < budget:
        near = torch.cat([centers, x[chosen]])
        near = near if len(near) else x.mean(dim=0, keepdim=True)
        apart = torch.stack([(x - c).square().sum(dim=1) for c in near]).amin(dim=0).sqrt()
        missing = required - p[chosen].sum(dim=0) - p
        cost = -apart + lamb / p.shape[1] * missing.abs().sum(dim=1)
        cost[chosen] = torch.inf
        chosen.append(int(cost.argmin()))
    return chosen


oracle_of_balanced_k_center = by_hand


def drawn(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(60, 4, generator=rng, dtype=torch.float64)
    p = torch.randn(60, 3, generator=rng, dtype=torch.float64).mul(3).softmax(dim=1)
    if seed % 2:  # copies
        x, p = x[torch.arange(60) // 2], p[torch.arange(60) // 2]
    centers = torch.randn(seed % 3 * 4, 4, generator=rng, dtype=torch.float64)
    return x, centers, p, torch.tensor([0.0, 3, 9], dtype=torch.float64)


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("lamb", [0.0, 0.5, 5.0])
def test_equals_the_definition(seed: int, lamb: float) -> None:
    x, centers, p, required = drawn(seed)
    found = balanced_k_center(x, centers, p, required, 25, lamb=lamb)
    assert found.tolist() == by_hand(x, centers, p, required, 25, lamb)


def test_without_a_penalty_it_is_k_center() -> None:
    x, centers, p, required = drawn(1)
    found = balanced_k_center(x, centers, p, required, 60, lamb=0)
    assert torch.equal(found, k_center_greedy(x, centers, 60))


def test_a_large_penalty_asks_for_the_missing_class() -> None:
    p = torch.eye(2)[[0, 0, 1, 1, 0]]
    x = torch.tensor([[9.0], [8], [1], [2], [7]])
    found = balanced_k_center(x, torch.zeros(1, 1), p, torch.tensor([0.0, 2]), 3, lamb=100)
    assert found.tolist() == [3, 2, 0]


@pytest.mark.parametrize("p, required", [((2, 2), 2), ((3, 2), 3), ((3, 0), 0)])
def test_shapes_that_do_not_fit(p: tuple[int, int], required: int) -> None:
    with pytest.raises(ArrayError, match="probs and required"):
        balanced_k_center(torch.zeros(3, 1), None, torch.zeros(p), torch.zeros(required), 1)
