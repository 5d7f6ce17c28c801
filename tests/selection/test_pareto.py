"""A choice that nothing surpasses in two scores."""

from itertools import combinations

import numpy as np
import pytest
from torch import Tensor

from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.parts import reads_of
from openal.pool import Pool
from openal.selection import ParetoSubset
from openal.view import View


def first(view: View) -> Tensor:
    return view.pool["pairs"][:, 0]


def second(view: View) -> Tensor:
    return view.pool["pairs"][:, 1]


first.reads = second.reads = ("pairs",)  # type: ignore[attr-defined]


def view_of(pairs: np.ndarray, seed: int = 0) -> View:
    return Pool(pairs=pairs).view(LabeledSet(len(pairs), 2), reads=("pairs",), seed=seed)


@pytest.mark.parametrize("seed", range(6))
def test_no_subset_surpasses_the_chosen_of_a_few(seed: int) -> None:
    pairs = np.random.default_rng(seed).normal(size=(9, 2))
    kept = ParetoSubset(first, second=second, factor=9)(view_of(pairs), 4).kept
    mine = pairs[kept].sum(axis=0)
    others = np.array([pairs[list(each)].sum(axis=0) for each in combinations(range(9), 4)])
    assert not ((others >= mine - 1e-9).all(axis=1) & (others > mine + 1e-9).any(axis=1)).any()


def test_a_candidate_that_is_best_in_both_is_chosen() -> None:
    pairs = np.random.default_rng(1).normal(size=(500, 2))
    pairs[[7, 70]] = 9
    step = ParetoSubset(first, second=second, factor=1)(view_of(pairs), 2)
    assert step.kept.tolist() == [7, 70]


def test_the_chosen_are_of_the_first_layers() -> None:
    pairs = np.random.default_rng(2).uniform(size=(400, 2))
    kept = ParetoSubset(first, second=second)(view_of(pairs), 20).kept
    assert pairs[kept].sum(axis=1).min() > np.median(pairs.sum(axis=1))


def test_of_the_first_layers_the_best_choice_is_taken() -> None:
    rng = np.random.default_rng(4)
    pairs, good = rng.uniform(size=(200, 2)), np.sort(rng.choice(200, 9, replace=False))
    slope = rng.permutation(np.arange(9.0)) ** 2
    pairs[good] = np.stack([100 + slope, 200 - np.sqrt(slope)], axis=1)  # one layer
    kept = ParetoSubset(first, second=second)(view_of(pairs), 4).kept
    assert np.isin(kept, good).all()
    mine = pairs[kept].sum(axis=0)
    others = np.array([pairs[list(each)].sum(axis=0) for each in combinations(good, 4)])
    assert not ((others >= mine - 1e-9).all(axis=1) & (others > mine + 1e-9).any(axis=1)).any()
    ideal, span = others.max(axis=0), np.ptp(others, axis=0)
    assert (((ideal - mine) / span) ** 2).sum() < 0.6


def test_the_scale_of_a_score_does_not_matter() -> None:
    pairs = np.random.default_rng(3).normal(size=(60, 2))
    kept = ParetoSubset(first, second=second)(view_of(pairs), 5).kept
    assert np.array_equal(
        ParetoSubset(first, second=second)(view_of(pairs * [1e-9, 1e9]), 5).kept, kept
    )


@pytest.mark.parametrize("budget", [1, 12, 10**9])
def test_constant_scores_and_any_budget(budget: int) -> None:
    kept = ParetoSubset(first, second=second)(view_of(np.zeros((12, 2))), budget).kept
    assert len(set(kept.tolist())) == min(budget, 12)


def test_reads_what_its_scores_read() -> None:
    assert reads_of(ParetoSubset(first, second=second)) == ("pairs",)


@pytest.mark.parametrize("name, value", [("factor", 0.5), ("draws", 0), ("patience", 1.5)])
def test_refuses_a_search_that_cannot_be(name: str, value: float) -> None:
    with pytest.raises(ArgumentError, match=name):
        ParetoSubset(first, second=second, **{name: value})  # type: ignore[arg-type]
