"""BADGE: k-means++ over gradients that never exist."""

import numpy as np
import torch

from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import KnownNeighbors
from openal.query import Chain
from openal.selection import Filter, GradientEmbedding, KMeansPlusPlus
from openal.strategies import BADGE, CLIPNAL

RNG = np.random.default_rng(0)
LOGITS, FEATURES = 2 * RNG.normal(size=(60, 3)), RNG.normal(size=(60, 4))
POOL = Pool(logits=LOGITS, features=FEATURES, embeddings=FEATURES)
P = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
GRADIENTS = ((np.eye(3)[LOGITS.argmax(axis=1)] - P)[:, :, None] * FEATURES[:, None]).reshape(60, -1)


def test_it_is_one_stage_over_the_signals_it_names() -> None:
    assert BADGE("z", features="h").stages == (
        KMeansPlusPlus(GradientEmbedding("z", features="h")),
    )
    assert BADGE().reads == ("features", "logits")


def test_the_longest_gradient_first_then_drawn() -> None:
    longest = np.linalg.norm(GRADIENTS, axis=1).argmax()
    queries = [BADGE().query(POOL, LabeledSet(60, 3), 8, seed=seed) for seed in range(5)]
    assert {query.indices[0] for query in queries} == {longest}
    assert len({tuple(query) for query in queries}) == 5


def test_what_is_drawn_is_farther_apart_than_chance() -> None:
    def nearest(rows: np.ndarray) -> float:
        apart = np.linalg.norm(GRADIENTS[rows][:, None] - GRADIENTS[rows], axis=2)
        return float((apart + 1e9 * np.eye(len(rows))).min(axis=1).mean())

    drawn = [BADGE().query(POOL, LabeledSet(60, 3), 8, seed=seed).indices for seed in range(30)]
    chance = [np.random.default_rng(seed).permutation(60)[:8] for seed in range(30)]
    assert np.mean([*map(nearest, drawn)]) > 1.5 * np.mean([*map(nearest, chance)])


def test_a_purity_may_stand_before() -> None:
    labeled = LabeledSet(60, 3)
    labeled.add(range(8), [0, 1, 2, -1] * 2)
    mine = Chain(Filter(KnownNeighbors(k=20), above=0.5), BADGE())
    query = mine.query(POOL, labeled, 6, seed=0)
    assert len(set(query)) == 6
    assert query.purity is not None
    assert set(query) <= set(query.steps[0].kept.tolist())
    assert CLIPNAL(then=BADGE()).stages[-1] == BADGE().stages[0]


def test_a_model_offers_both_signals() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    pool = Pool(torch.from_numpy(FEATURES).float())
    query = BADGE().query(pool, LabeledSet(60, 3), 6, model=model, seed=0)
    assert len(set(query)) == 6
