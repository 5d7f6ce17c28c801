"""RandomGroups: dealt out evenly, by the seed, whatever the order of the candidates."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from openal import LabeledSet, Pool
from openal.errors import ArgumentError
from openal.selection import RandomGroups

VIEW = Pool(spare=np.zeros(23)).view(LabeledSet(23, 2), reads=())


@pytest.mark.parametrize("count", [1, 4, 23, 50])
def test_sizes_differ_by_one_at_most(count: int) -> None:
    sizes = RandomGroups(count)(VIEW).bincount(minlength=count)
    assert int(sizes.max() - sizes.min()) <= 1


def test_the_order_of_the_candidates_does_not_matter() -> None:
    order = torch.randperm(23, generator=torch.Generator().manual_seed(0))
    assert RandomGroups(4)(VIEW.at(order)).equal(RandomGroups(4)(VIEW)[order])


def test_the_seed_deals() -> None:
    dealt = [RandomGroups(4)(replace(VIEW, seed=seed)).tolist() for seed in range(4)]
    assert len({tuple(groups) for groups in dealt}) == 4


def test_there_are_no_more_than_asked_for() -> None:
    assert RandomGroups(4).at_most(9) == RandomGroups(4)
    assert RandomGroups(4).at_most(2) == RandomGroups(2)


def test_there_is_at_least_one() -> None:
    with pytest.raises(ArgumentError, match="count"):
        RandomGroups(0)
