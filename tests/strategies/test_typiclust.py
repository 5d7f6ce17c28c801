"""TypiClust, once more with loops."""

from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.selection.typical import TypicalPerCluster
from openal.strategies.typiclust import TypiClust
from tests.walking import walked


def by_hand(z: np.ndarray, clusters: np.ndarray, labeled: LabeledSet, budget: int) -> list[int]:
    """The paper's algorithm for given clusters: take turns, one item after another."""
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    answered = {*labeled.known_indices.tolist(), *labeled.unknown_indices.tolist()}
    left = {c: {*np.flatnonzero(clusters == c)} - answered for c in {*clusters.tolist()}}
    size = {c: int((clusters == c).sum()) for c in left}

    def mean_distance(i: int) -> float:
        others = [j for j in np.flatnonzero(clusters == clusters[i]) if j != i]
        return float(np.mean(sorted(np.linalg.norm(z[i] - z[j]) for j in others)[:20]))

    chosen: list[int] = []
    while len(chosen) < budget:
        large = [c for c in left if left[c] and size[c] >= 5] or [c for c in left if left[c]]
        for c in sorted(
            large, key=lambda c: (len(answered & {*np.flatnonzero(clusters == c)}), -size[c])
        ):
            best = min(left[c], key=lambda i: (round(mean_distance(i), 9), i))
            left[c] -= {best}
            chosen.append(int(best))
    return chosen[:budget]


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("budget", [2, 5, 16, 100])
def test_it_is_the_algorithm_of_the_paper(seed: int, budget: int) -> None:
    rng = np.random.default_rng(seed)
    clusters = rng.permutation(np.repeat(np.arange(5), [30, 21, 17, 9, 3]))
    z = 3 * np.eye(6)[clusters] + 0.2 * rng.normal(size=(80, 6))
    labeled = LabeledSet(80, 2)
    asked = rng.permutation(80)[:7]
    labeled.add(asked, rng.integers(UNKNOWN, 2, 7))
    query = TypiClust(max_clusters=5).query(Pool(embeddings=z), labeled, budget)
    assert query.indices.tolist() == by_hand(z, clusters, labeled, min(budget, 73))


def test_above_fifty_clusters_and_beyond_the_limit() -> None:
    z = torch.randn(300, 4, generator=torch.Generator().manual_seed(0))
    labeled = LabeledSet(300, 2)
    for limit in (500, 60):
        query = TypiClust(max_clusters=limit).query(Pool(embeddings=z), labeled, 80, seed=0)
        assert len({*query}) == 80


def test_the_stage_gets_the_options() -> None:
    assert TypiClust(3, max_clusters=9, min_size=2, embeddings="clip").stages == (
        TypicalPerCluster(3, max_clusters=9, min_size=2, embeddings="clip"),
    )
    assert TypiClust(embeddings="clip").reads == ("clip",)


@pytest.mark.parametrize("options", [{"k": 0}, {"max_clusters": 0}, {"min_size": None}])
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        TypiClust(**options)
