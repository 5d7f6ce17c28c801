"""Keeps the best of every group."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ScoreError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.selection import PredictedClass, TopPerGroup
from openal.view import View
from tests.walking import walked


def view(n: int, **signals: Any) -> View:
    labeled = LabeledSet(n, 3)
    pool = Pool(spare=np.zeros((n, 1)), **signals)
    return pool.view(labeled, reads=tuple(signals))


class Fixed:
    """Values by index, as a score or as groups."""

    def __init__(self, values: Any) -> None:
        self.values = torch.as_tensor(values)

    def __call__(self, view: View) -> Tensor:
        return self.values[torch.from_numpy(view.pool.indices)]


def by_hand(scores: list[float], groups: list[int], budget: int, factor: float) -> list[int]:
    """Round by round, each group gives its best."""
    n = len(scores)
    share = max(1, int(factor * min(budget, n)) // len(set(groups)))
    left = {g: sorted((i for i in range(n) if groups[i] == g), key=lambda i: (-scores[i], i))
            for g in set(groups)}  # fmt: skip
    kept: list[int] = []
    while len(kept) < min(budget, n):
        given = [left[g].pop(0) for g in left for _ in range(share) if left[g]]
        given.sort(key=lambda i: (-scores[i], i))
        kept += given if not kept else given[: min(budget, n) - len(kept)]
    return sorted(kept, key=lambda i: (-scores[i], i))


@walked
@pytest.mark.parametrize("seed", range(30))
def test_equals_giving_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    scores = rng.integers(0, 6, n).astype(float)  # many ties
    groups = rng.integers(-1, 5, n)
    budget, factor = int(rng.integers(1, n + 5)), float(rng.choice([1, 1.5, 3]))
    step = TopPerGroup(Fixed(scores), groups=Fixed(groups), factor=factor)(view(n), budget)
    assert step.kept.tolist() == by_hand(scores.tolist(), groups.tolist(), budget, factor)


def test_the_predicted_class() -> None:
    logits = np.array([[0.0, 1, 0], [2, 2, 0], [0, 0, 5]], np.float32)
    assert PredictedClass()(view(3, logits=logits)).tolist() == [1, 0, 2]


def test_groups_that_know_the_budget() -> None:
    class Halves(Fixed):
        def at_most(self, budget: int) -> Fixed:
            return Fixed(self.values if budget > 1 else torch.zeros(4, dtype=torch.int64))

    stage = TopPerGroup(Fixed([4.0, 3, 2, 1]), groups=Halves([0, 0, 1, 1]))
    assert stage(view(4), 2).kept.tolist() == [0, 2]
    assert stage(view(4), 1).kept.tolist() == [0]


@pytest.mark.parametrize("groups", [3, Fixed, None])
def test_groups_are_a_function(groups: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^groups must be"):
        TopPerGroup(Fixed([1.0]), groups=groups)


@pytest.mark.parametrize("found", [torch.zeros(2), torch.zeros(3, dtype=torch.int64)])
def test_groups_are_integers_one_per_candidate(found: Tensor) -> None:
    stage = TopPerGroup(Fixed([1.0, 2]), groups=lambda view: found)
    with pytest.raises(ScoreError, match="must return"):
        stage(view(2), 1)
