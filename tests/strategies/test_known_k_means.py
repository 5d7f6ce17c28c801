"""KnownKMeans: from nothing on, on embeddings alone, and above Random on real pools."""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch

from benchmarks.cells import REGRESSION, cell
from benchmarks.defaults import run
from openal import LabeledSet, Pool
from openal.purity import KernelShare
from openal.simulate.metrics import aubc
from openal.strategies import KnownKMeans, Random
from openal.testing import check_strategy, world
from openal.view import Blocks


@pytest.mark.long
@pytest.mark.parametrize(
    "strategy", [KnownKMeans(), KnownKMeans(False), KnownKMeans(clusters=2.0)], ids=repr
)
def test_every_form_holds_the_contract(strategy: KnownKMeans) -> None:
    check_strategy(strategy)


def test_it_starts_from_no_answer_on_embeddings_alone() -> None:
    made = world(0)
    pool, labeled = Pool(None, embeddings=made.signals["embeddings"]), LabeledSet(60, 3)
    for _ in range(3):
        query = KnownKMeans().query(pool, labeled, 10, seed=0)
        labeled.begin_round(query)
        labeled.add(query.indices, made.hidden[query.indices])
    assert len(labeled) == 30
    assert query.diagnostics["width"] > 0


def test_the_first_query_spreads_over_the_pool() -> None:
    groups = np.arange(300) % 6
    embeddings = np.eye(6)[groups] + 0.01 * np.random.default_rng(0).normal(size=(300, 6))
    asked = KnownKMeans().query(Pool(None, embeddings=embeddings), LabeledSet(300, 2), 30, seed=0)
    assert np.bincount(groups[asked.indices], minlength=6).min() >= 2


def test_the_purity_of_a_query_is_told() -> None:
    made = world(0)
    light = KnownKMeans(detector=False).query(made.pool, made.labeled, 5, seed=0)
    view = made.pool.view(made.labeled, reads=("embeddings",))
    share = dict(zip(view.pool.indices.tolist(), KernelShare()(view).tolist(), strict=True))
    assert light.purity is not None
    assert light.purity.tolist() == [share[index] for index in light.indices.tolist()]


@pytest.mark.long
def test_blocks_and_threads_change_no_question() -> None:
    made, before = world(0, size=3000, num_classes=4), torch.get_num_threads()
    found = set()
    for rows, threads in ((None, 1), (None, 2), (17, 1), (4096, 2)):
        torch.set_num_threads(threads)
        pool = made.pool.with_engine(Blocks(rows=rows))
        found.add(tuple(KnownKMeans().query(pool, made.labeled, 50, seed=0).indices))
    torch.set_num_threads(before)
    assert len(found) == 1


@pytest.mark.long
def test_the_gain_over_random_on_real_pools(shared_data: Callable[[str], Path]) -> None:
    """Four cells, two seeds: at least .05 in area and .04 in final accuracy (found: .10, .09)."""
    shared_data("clip_vitb32/imagenet.npz")
    gains = []
    for key in REGRESSION:
        for seed in range(2):
            made = cell(*key, seed)
            ours, random = (run(asks, made, seed)["accuracy"] for asks in (KnownKMeans(), Random()))
            gains.append((aubc(ours) - aubc(random), ours[-1] - random[-1]))
    assert fmean(gain for gain, _ in gains) > 0.05
    assert fmean(gain for _, gain in gains) > 0.04
