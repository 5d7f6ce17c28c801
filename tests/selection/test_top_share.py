"""A share of the candidates, and the budget at least."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import LabeledSet, Pool
from openal.errors import ArgumentError
from openal.selection import TopShare
from openal.view import View


def value(view: View) -> Tensor:
    return view.pool["value"].flatten()


def kept(share: float, budget: int, n: int = 15) -> list[int]:
    view = Pool(value=np.arange(n, dtype=float)).view(LabeledSet(n, 2), reads=("value",))
    return TopShare(value, share=share)(view, budget).kept.tolist()


@pytest.mark.parametrize(
    "share, budget, expected", [(0.1, 1, 2), (0.2, 1, 3), (0.1, 6, 6), (1.0, 2, 15), (0.5, 99, 15)]
)
def test_the_best_are_kept(share: float, budget: int, expected: int) -> None:
    assert kept(share, budget) == list(range(14, 14 - expected, -1))


def test_scores_are_those_of_all() -> None:
    view = Pool(value=np.ones(5)).view(LabeledSet(5, 2), reads=("value",))
    step = TopShare(value, share=0.2)(view, 2)
    assert step.scores is not None
    assert step.scores.equal(torch.ones(5).double())
    assert step.kept.tolist() == [0, 1]


@pytest.mark.parametrize("share", [0, 1.1, "all"])
def test_shares_that_cannot_be(share: Any) -> None:
    with pytest.raises(ArgumentError, match="share"):
        TopShare(value, share=share)
