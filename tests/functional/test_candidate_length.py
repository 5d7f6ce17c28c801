"""The longest list that promises the precision."""

import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional.known_share import candidate_length
from tests.walking import walked


def by_hand(known: Tensor, informativeness: Tensor, budget: int, precision: float) -> int:
    longest = min(budget, len(known))
    for n in range(budget, len(known) + 1):
        best = informativeness[:n].sort(descending=True, stable=True).indices[:budget]
        if known[best].mean() >= precision - 1e-12:
            longest = n
    return len(known) if budget >= len(known) else longest


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("precision", [0.0, 0.3, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("budget", [1, 5, 29, 30, 99])
def test_equals_trying_every_length(seed: int, precision: float, budget: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    known = torch.rand(30, generator=generator, dtype=torch.float64).sort(descending=True).values
    informativeness = torch.rand(30, generator=generator, dtype=torch.float64)
    if seed % 2:
        known, informativeness = (4 * known).round() / 4, (3 * informativeness).round()
    found = candidate_length(known, informativeness, budget, precision)
    assert found == by_hand(known, informativeness, budget, precision)


def test_all_known_leaves_every_choice() -> None:
    assert candidate_length(torch.ones(50), torch.rand(50), 5, 1.0) == 50


def test_refuses_what_does_not_match() -> None:
    with pytest.raises(ArrayError, match="informativeness"):
        candidate_length(torch.ones(3), torch.ones(4), 1, 0.5)
    with pytest.raises(ArgumentError, match="budget"):
        candidate_length(torch.ones(3), torch.ones(3), 0, 0.5)
