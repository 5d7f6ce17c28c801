"""Coreset and its class-balanced variant against their definitions, on whole pools."""

from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import KnownNeighbors
from openal.query import Chain
from openal.selection import ClassBalancedKCenter, Filter, KCenter
from openal.strategies import ClassBalancedCoreset, Coreset
from tests.walking import walked


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, LabeledSet]:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(30, 80)), int(rng.integers(1, 5))
    h, z = rng.normal(size=(n, 4)), 2 * rng.normal(size=(n, k))
    labeled = LabeledSet(n, k)
    for asked in np.array_split(rng.permutation(n)[:12], 2):
        labeled.add(asked, rng.integers(UNKNOWN, k, len(asked)))
    return h, z, labeled


def reference(
    h: np.ndarray, z: np.ndarray, labeled: LabeledSet, budget: int, lamb: float
) -> list[int]:
    """Farthest first, less `lamb` / K times what is missing; in float64, one distance at a time."""
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    counts = np.bincount(labeled.known_labels, minlength=z.shape[1])
    required = np.maximum((counts.sum() + budget) // z.shape[1] - counts, 0)
    centers, chosen = [*labeled.known_indices, *labeled.unknown_indices], list[int]()
    while len(chosen) < budget:
        cost = {}
        for i in sorted({*labeled.unlabeled_indices.tolist()} - {*chosen}):
            apart = min(np.linalg.norm(h[i] - h[c]) for c in centers + chosen)
            missing = np.abs(required - p[chosen].sum(axis=0) - p[i]).sum()
            cost[i] = -apart + lamb / z.shape[1] * missing
        chosen.append(min(cost, key=lambda i: cost[i]))
    return chosen


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(8))
def test_coreset_is_farthest_first(seed: int) -> None:
    h, z, labeled = drawn(seed)
    query = Coreset().query(Pool(features=h), labeled, 10)
    assert query.indices.tolist() == reference(h, z, labeled, 10, lamb=0)
    assert query.scores is None


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(8))
def test_the_balanced_variant_is_its_definition(seed: int) -> None:
    h, z, labeled = drawn(seed)
    pool = Pool(features=h, logits=z)
    for lamb in (0.5, 5.0):
        query = ClassBalancedCoreset(lamb).query(pool, labeled, 10)
        assert query.indices.tolist() == reference(h, z, labeled, 10, lamb)


def test_stages_and_signals() -> None:
    assert Coreset("known", features="clip").stages == (KCenter("clip", centers="known"),)
    assert Coreset().reads == ("features",)
    balanced = ClassBalancedCoreset(2.0, centers="known", features="h", logits="z")
    assert balanced.stages == (ClassBalancedKCenter(2.0, vectors="h", centers="known", logits="z"),)
    assert balanced.reads == ("h", "z")


def test_a_purity_may_stand_before() -> None:
    h, _, labeled = drawn(0)
    chain = Chain(Filter(KnownNeighbors(k=20), above=0.5), Coreset())
    query = chain.query(Pool(features=h, embeddings=h), labeled, 7)
    assert len(query) == 7
    assert query.purity is not None


@pytest.mark.parametrize("options", [{"centers": "all"}, {"lamb": -1}])
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        ClassBalancedCoreset(**options)
