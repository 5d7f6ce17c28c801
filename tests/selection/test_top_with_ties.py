"""The best, and all that are as good as the last of them."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.selection.ranking import TopWithTies

VIEW = Pool(embeddings=np.zeros((6, 1))).view(LabeledSet(6, 2), reads=())


def steps(_: Any) -> Tensor:
    return torch.tensor([1.0, 3, 2, 2, 3, 1])


@pytest.mark.parametrize(
    "budget, kept",
    [
        (1, [1, 4]),
        (2, [1, 4]),
        (3, [1, 4, 2, 3]),
        (5, [1, 4, 2, 3, 0, 5]),
        (10**400, [1, 4, 2, 3, 0, 5]),
    ],
)
def test_equals_of_the_last_are_kept(budget: int, kept: list[int]) -> None:
    step = TopWithTies(steps)(VIEW, budget)
    assert step.kept.tolist() == kept
    assert step.scores is not None
    assert torch.equal(step.scores, steps(VIEW))


def test_a_score_is_a_function() -> None:
    with pytest.raises(ArgumentError, match=r"^score must be"):
        TopWithTies("steps")  # type: ignore[arg-type]
