from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional import finch
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.selection import Clusters, TopPerGroup
from openal.view import View

RNG = np.random.default_rng(0)
Z = np.repeat(RNG.normal(size=(6, 5)), 8, axis=0) + 0.2 * RNG.normal(size=(48, 5))
Z = Z[RNG.permutation(48)]
SIZES = (finch(torch.from_numpy(Z)).amax(dim=0) + 1).tolist()


def view_of(z: np.ndarray = Z) -> View:
    return Pool(detector_features=z).view(LabeledSet(len(z), 2), reads=("detector_features",))


def size(groups: Clusters) -> int:
    return len(groups(view_of()).unique())


def test_the_finest_partition_within_the_limit() -> None:
    assert len(SIZES) > 2
    for limit in range(1, 30):
        assert size(Clusters(limit)) == next(each for each in SIZES if each <= limit)
    assert size(Clusters()) == SIZES[0]


def test_at_most_keeps_the_smaller_limit_and_the_signal() -> None:
    groups = Clusters(features="embeddings")
    assert groups.at_most(7) == Clusters(7, features="embeddings")
    assert groups.at_most(7).at_most(9) == groups.at_most(7)


def test_the_order_of_the_candidates_does_not_matter() -> None:
    order = torch.randperm(48, generator=torch.Generator().manual_seed(1))
    found = Clusters(SIZES[1])(view_of().at(order))
    assert found.equal(Clusters(SIZES[1])(view_of())[order])


def first_column(view: View) -> Tensor:
    return view.pool["detector_features"][:, 0]


@pytest.mark.parametrize("budget", [1, 2, 7, 20, 48])
def test_the_best_of_each_cluster_are_kept(budget: int) -> None:
    step = TopPerGroup(first_column, groups=Clusters())(view_of(), budget)
    groups = Clusters(budget)(view_of())
    share = budget // len(groups.unique())
    assert len(step.rows) == budget
    for each in groups.unique():
        members = (groups == each).nonzero()[:, 0]
        best = members[torch.from_numpy(Z[members, 0]).argsort(descending=True)][:share]
        assert {*best.tolist()} <= {*step.rows.tolist()}


@pytest.mark.parametrize("z", [Z[:1], Z[:2], np.zeros((5, 3)), np.ones((5, 3))], ids=len)
def test_degenerate_candidates_are_one_cluster(z: np.ndarray) -> None:
    assert Clusters()(view_of(z)).tolist() == [0] * len(z)


@pytest.mark.parametrize("limit", [0, -1, 2.5])
def test_wrong_limits_are_refused(limit: Any) -> None:
    with pytest.raises(ArgumentError, match="limit"):
        Clusters(limit)
