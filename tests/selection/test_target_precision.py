"""As many candidates as the precision allows."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.query import Chain
from openal.selection import TargetPrecision, Top
from openal.selection.adaptive import past_precisions
from openal.view import View

POOL = Pool(embeddings=np.zeros((100, 1)))


def falling_chance(view: View) -> Tensor:
    return 1 - torch.from_numpy(view.pool.indices) / 100


def rising(view: View) -> Tensor:
    return torch.from_numpy(view.pool.indices).double()


def after(*rounds: tuple[int, int], start: int = 0) -> LabeledSet:
    """`start` known answers, then queries with so many known and unknown answers, from the end."""
    labeled, free = LabeledSet(100, 2), iter(range(99, -1, -1))
    if start:
        labeled.add([next(free) for _ in range(start)], [0] * start)
    for known, unknown in rounds:
        indices = [next(free) for _ in range(known + unknown)]
        labeled.begin_round(SimpleNamespace(indices=indices, scores=torch.zeros(len(indices))))
        labeled.add(indices, [1] * known + [UNKNOWN] * unknown)
    return labeled


def target(labeled: LabeledSet, precision: float = 0.6) -> float:
    view = POOL.view(labeled, reads=())
    TargetPrecision(falling_chance, then=rising, precision=precision)(view, 5)
    return float(view.notes["target_precision"])


@pytest.mark.parametrize("precision", [0.2, 0.6, 0.9])
def test_the_chosen_are_expected_at_the_precision(precision: float) -> None:
    chain = Chain(TargetPrecision(falling_chance, then=rising, precision=precision), Top(rising))
    found = chain.query(POOL, LabeledSet(100, 2), 5, seed=0).indices
    assert (1 - found / 100).mean() == pytest.approx(precision, abs=0.01)


def test_misses_raise_the_target_and_plenty_lowers_it() -> None:
    assert target(after()) == 0.6
    assert target(after(start=9)) == 0.6
    assert target(after((4, 6), start=9)) == pytest.approx(0.8)
    assert target(after((4, 6), (5, 5), start=9)) == pytest.approx(0.9)
    assert target(after((8, 2))) == pytest.approx(0.4)


def test_the_target_stays_a_share() -> None:
    assert target(after((0, 9), (0, 9))) == 1
    assert target(after((9, 0), (9, 0), (9, 0), (0, 5))) == pytest.approx(0.6)


def test_what_counts_as_a_precision() -> None:
    labeled = after((3, 1), start=5)
    for indices, labels in (([0, 1, 2], [SKIPPED] * 3), ([3, 4], [UNKNOWN, SKIPPED])):
        labeled.begin_round(SimpleNamespace(indices=indices))
        labeled.add(indices, labels)
    assert past_precisions(labeled.history) == [0.75, 0.0]
    labeled.begin_round(SimpleNamespace(indices=[5, 6]))
    assert past_precisions(labeled.history) == [0.75, 0.0]


def test_a_budget_beyond_the_pool() -> None:
    step = TargetPrecision(falling_chance, then=rising)(POOL.view(after((3, 3)), reads=()), 10**9)
    assert len(step.kept) == 94


@pytest.mark.parametrize("precision", [-0.1, 1.1, "0.6"])
def test_refuses_what_is_no_share(precision: object) -> None:
    with pytest.raises(ArgumentError, match="precision"):
        TargetPrecision(falling_chance, then=rising, precision=precision)  # type: ignore[arg-type]
