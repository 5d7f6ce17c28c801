"""EOAL against a plain version of its steps."""

import math

import numpy as np
import pytest
import torch

from openal import UNKNOWN, LabeledSet, Pool
from openal.functional import finch, finch_clusters
from openal.learners import EmbeddingEntropicDetector, EntropicDetector
from openal.strategies import EOAL
from openal.testing import world
from tests.walking import walked


def entropy(weights: list[float]) -> float:
    shares = [w / sum(weights) for w in weights]
    return -sum(p * math.log(p) for p in shares if p > 0)


def scores(heads: np.ndarray, features: np.ndarray, unknown: list[int], k: int) -> np.ndarray:
    """S = S_c - S_d, smaller is better."""
    no, yes = heads[:, 0], heads[:, 1]
    pairs = np.exp(np.stack([no, yes], axis=-1))
    closed = [np.mean([entropy(list(p)) for p in row]) / math.log(2) for row in pairs]
    if not unknown:
        return np.array(closed)
    points = torch.from_numpy(features[unknown])
    labels = finch_clusters(points, k).numpy()
    centers = [features[unknown][labels == c].mean(axis=0) for c in range(labels.max() + 1)]
    apart = [
        entropy([math.exp(-math.dist(x, c)) for c in centers]) / math.log(max(2, len(centers)))
        for x in features
    ]
    return np.array(closed) - np.array(apart)


def chosen(
    s: np.ndarray, known: np.ndarray, features: np.ndarray, budget: int, diversity: bool
) -> set[int]:
    """The rows that EOAL asks about: round-robin over clusters of the predicted known."""
    best = [int(i) for i in np.argsort(s, kind="stable")]
    rows = [i for i in best if known[i]]
    if len(rows) <= budget:
        return {*rows, *[i for i in best if not known[i]][: budget - len(rows)]}
    if not diversity:
        return {*rows[:budget]}
    group = np.full(len(s), -1)
    members = np.flatnonzero(known)
    partitions = finch(torch.from_numpy(features[members])).T.tolist()
    group[members] = next(p for p in partitions if max(p) + 1 <= budget)
    queues = [[i for i in rows if group[i] == c] for c in range(group.max() + 1)]
    share, picked = budget // len(queues), list[int]()
    while len(picked) + sum(len(q[:share]) for q in queues) <= budget:
        for queue in queues:
            picked += queue[:share]
            del queue[:share]
        if not any(queues):
            break
    last = [i for queue in queues for i in queue[:share]]
    return {*picked, *sorted(last, key=rows.index)[: budget - len(picked)]}


@pytest.mark.long
@walked
@pytest.mark.parametrize("diversity", [True, False])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("asked", [True, False])
def test_asks_what_a_plain_version_asks(seed: int, diversity: bool, asked: bool) -> None:
    made = world(seed, size=90)
    if not asked:
        known = {i: label for i, label in made.answers.items() if label != UNKNOWN}
        made = made.answered(known)
    open_ = made.labeled.unlabeled_indices
    signals = {name: made.signals[name].astype(float) for name in EOAL().reads}
    unknown = made.labeled.unknown_indices.tolist()
    s = scores(signals["head_logits"], signals["detector_features"], unknown, 3)[open_]
    predicted = signals["detector_logits"][open_].argmax(axis=1) < 3
    for budget in (1, 4, 13, 50):
        query = EOAL(diversity=diversity).query(made.pool, made.labeled, budget, seed=0)
        features = made.signals["detector_features"][open_]
        expected = chosen(s, predicted, features, budget, diversity)
        assert {*query} == {*open_[sorted(expected)].tolist()}


def test_learners_have_its_options() -> None:
    options = {"alpha": 0.7, "reg_w": 0.2, "temperature": 1.0, "n_unknown_clusters": 4}
    on_items, on_embeddings = EOAL(**options, recluster_every=1).learners
    assert on_items == EntropicDetector(**options, recluster_every=1)
    assert on_embeddings == EmbeddingEntropicDetector(**options, recluster_every=1)


@pytest.mark.long
def test_finds_known_items_in_embeddings() -> None:
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(12, 16))
    cluster = rng.integers(0, 12, 600)
    hidden = np.where(cluster < 4, cluster, UNKNOWN)
    pool = Pool(embeddings=centers[cluster] + 0.4 * rng.normal(size=(600, 16)))
    labeled = LabeledSet(600, 4)
    labeled.add(range(120), hidden[:120])
    query = EOAL().query(pool, labeled, 40, seed=0, progress=False)
    assert (hidden[query.indices] >= 0).mean() > 0.9
