"""Exact ties at the thresholds of KnownNeighbors: half of an even number of neighbors is known."""

from typing import Any

import numpy as np
import pytest
from torch import Tensor

from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import KnownNeighbors
from openal.selection import Filter
from openal.view import View

EVEN = [2, 4, 8]


def view(k: int, known: int) -> View:
    """Two candidates, one of which is near k answers, `known` of them of a known class."""
    degrees = np.radians([0.0, 90, *np.linspace(1, 2, k)])
    labeled = LabeledSet(k + 2, 2)
    labeled.add(range(2, k + 2), [0] * known + [UNKNOWN] * (k - known))
    embeddings = np.stack([np.cos(degrees), np.sin(degrees)], axis=1)
    return Pool(embeddings=embeddings).view(labeled, reads=("embeddings",), seed=0)


def scores(k: int, known: int, rule: Any) -> Tensor:
    found: Tensor = KnownNeighbors(k=k, rule=rule)(view(k, known))
    return found


@pytest.mark.parametrize("k", EVEN)
def test_one_half_is_no_majority(k: int) -> None:
    assert scores(k, k // 2, "majority").equal(scores(k, k // 2, "count"))


@pytest.mark.parametrize("k", EVEN)
def test_one_more_than_half_is_a_majority(k: int) -> None:
    assert scores(k, k // 2 + 1, "majority").equal(scores(k, k, "count"))


@pytest.mark.parametrize("k", EVEN)
@pytest.mark.parametrize("rule", ["count", "majority", "all"])
def test_one_half_does_not_pass_a_filter_above_one_half(k: int, rule: Any) -> None:
    part = Filter(KnownNeighbors(k=k, rule=rule), above=0.5)
    assert part(view(k, k // 2), 1).n_filled == 1


@pytest.mark.parametrize("k", EVEN)
def test_one_less_than_all_is_not_all(k: int) -> None:
    assert (scores(k, k - 1, "all") < 0.5).all()
    assert scores(k, k, "all").equal(scores(k, k, "count"))
