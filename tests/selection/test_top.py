"""Keeps the candidates that score best."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.selection import Top
from openal.view import View
from tests.walking import walked

VIEW = Pool(embeddings=np.zeros((10, 1))).view(LabeledSet(10, 2), reads=())


def rising(view: View) -> Tensor:
    return torch.from_numpy(view.pool.indices).float()


@pytest.mark.parametrize(
    "factor, budget, kept",
    [(1, 3, 3), (2, 3, 6), (1.5, 3, 5), (1.01, 3, 4), (2, 8, 10), (1, 99, 10), (1e300, 1, 10)],
)
def test_factor_times_the_budget_rounded_up(factor: float, budget: int, kept: int) -> None:
    step = Top(rising, factor=factor)(VIEW, budget)
    assert step.kept.tolist() == list(range(9, 9 - kept, -1))
    assert step.n_filled == 0


def test_a_budget_of_any_size() -> None:
    assert len(Top(rising, factor=2.5)(VIEW, 10**400).kept) == 10


def test_the_step_shows_all_scores() -> None:
    step = Top(rising)(VIEW, 2)
    assert step.stage == Top(rising)
    assert step.seen.tolist() == list(range(10))
    assert step.scores is not None
    assert step.scores.tolist() == list(range(10))


@walked
@pytest.mark.parametrize("factor", [0.5, 0, -1, float("nan"), float("inf"), "2", True, None])
def test_a_factor_is_a_number_of_at_least_one(factor: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^factor must be"):
        Top(rising, factor=factor)


@pytest.mark.parametrize("score", [3, None, "Entropy"])
def test_a_score_is_a_function(score: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^score must be"):
        Top(score)
