"""The most typical of each cluster with the fewest answers, in turn."""

from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.query import Step
from openal.selection.typical import TypicalPerCluster

# Fans of directions around the axes: 0..8, 9..15, 16..20 and 21..23.
SIZES = (9, 7, 5, 3)
STARTS = np.cumsum([0, *SIZES])


def fans() -> np.ndarray:
    spread = [0.02 * (np.arange(size) - size // 2) for size in SIZES]
    z = np.repeat(np.eye(5)[:4], SIZES, axis=0)
    z[:, 4] = np.concatenate(spread)
    return z * np.arange(1, 25)[:, None]  # the lengths do not matter


def step(budget: int, answers: dict[int, int] | None = None, seed: int = 0, **options: Any) -> Step:
    labeled = LabeledSet(24, 2)
    labeled.add(list(answers or {}), list((answers or {}).values()))
    view = Pool(embeddings=fans()).view(labeled, reads=("embeddings",), seed=seed)
    return TypicalPerCluster(**options)(view, budget)


@pytest.mark.parametrize("seed", range(3))
def test_the_middle_of_each_large_cluster_first(seed: int) -> None:
    found = step(4, seed=seed, max_clusters=4, min_size=0)
    assert found.kept.tolist() == [4, 12, 18, 22]


def test_small_clusters_give_theirs_last() -> None:
    found = step(24, max_clusters=4)
    assert sorted(found.kept[-3:].tolist()) == [21, 22, 23]
    assert sorted(found.kept.tolist()) == list(range(24))


def test_clusters_with_answers_come_after_those_without() -> None:
    answers = {4: 0, 3: UNKNOWN, 12: UNKNOWN}
    found = step(4, answers, max_clusters=4, min_size=0)
    clusters = np.searchsorted(STARTS, found.kept, side="right") - 1
    assert clusters.tolist() == [2, 3, 1, 0]
    assert not {*found.kept.tolist()} & {*answers}


def test_neighbors_are_answered_ones_too() -> None:
    answers = dict.fromkeys((0, 1, 2, 3), 0)
    found = step(4, answers, max_clusters=4)
    assert 4 in found.kept  # still the middle of its fan; of what is left it would be 6


def test_a_cluster_gives_its_second_when_all_have_given_one() -> None:
    found = step(6, max_clusters=2, min_size=0, k=3)
    assert len({*found.kept.tolist()}) == 6


def test_as_many_clusters_as_answers_and_budget() -> None:
    found = step(1, {0: 0, 9: 1, 16: UNKNOWN}, min_size=0)
    assert found.kept.tolist() == [22]


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"max_clusters": 0}, {"min_size": -1}, {"min_size": 1.5}]
)
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        TypicalPerCluster(**options)
