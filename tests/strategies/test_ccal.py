"""CCAL against its formulas, written down once more in NumPy, and over rounds."""

from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.simulate import LabeledData, openset_split, simulate
from openal.strategies import CCAL
from tests.walking import walked


def unit(z: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(z, axis=1, keepdims=True)
    return z / np.where(length == 0, 1, length)


def minmax(values: np.ndarray) -> np.ndarray:
    span = values.max() - values.min()
    return (values - values.min()) / span if span else np.zeros_like(values)


def joint(sem: np.ndarray, dis: np.ndarray, labeled: LabeledSet, k: int) -> np.ndarray:
    """The score of every open item for every class [n, K]; -1e9 where another class is nearer."""
    open_, known, labels = labeled.unlabeled_indices, labeled.known_indices, labeled.known_labels
    cosines = np.round(unit(sem)[open_] @ unit(sem)[known].T, 11)
    by_index = np.argsort(known)  # of equally near items the lowest index counts
    nearest = labels[by_index][cosines[:, by_index].argmax(axis=1)]
    gate = np.tanh(100 * (minmax(cosines.max(axis=1)) - 0.9) / 2)
    scores = np.full((len(open_), k), -1e9)
    for label in np.unique(labels):
        anchors = unit(dis)[known[labels == label]]
        near = np.round(unit(dis)[open_] @ anchors.T, 11)
        best = np.argsort(-near, axis=1, kind="stable")[:, :2]
        c1, c2 = (np.take_along_axis(near, best[:, [at]], axis=1)[:, 0] for at in (0, -1))
        pair = (anchors[best[:, 0]] * anchors[best[:, -1]]).sum(axis=1)
        mine = nearest == label
        scores[mine, label] = (gate + 1 - minmax((c1 - c2) + pair + c1))[mine]
    return scores


def drawn(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray, LabeledSet]:
    rng = np.random.default_rng(seed)
    sem, dis = rng.normal(size=(2, 60, 5))
    if kind == "clusters":
        sem = 3 * np.eye(5)[np.arange(60) % 4] + 0.3 * sem
    rows = np.arange(60) // 2 if kind == "twice" else np.arange(60)
    labeled = LabeledSet(60, 3)
    labeled.add(rng.permutation(60)[:16], rng.integers(UNKNOWN, 3, 16))
    return sem[rows], dis[rows], labeled


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["plain", "clusters", "twice"])
def test_the_scores_are_those_of_the_paper(seed: int, kind: str) -> None:
    sem, dis, labeled = drawn(seed, kind)
    expected = joint(sem, dis, labeled, 3).max(axis=1)
    pool = Pool(sem=sem, dis=dis)
    step = CCAL(semantic="sem", distinctive="dis").query(pool, labeled, 6).steps[0]
    assert step.scores is not None
    np.testing.assert_allclose(step.scores.numpy(), expected, atol=1e-7)


@pytest.mark.parametrize("seed", range(6))
def test_every_class_gets_its_share(seed: int) -> None:
    sem, dis, labeled = drawn(seed, "clusters")
    scores = joint(sem, dis, labeled, 3)
    groups = scores.argmax(axis=1)
    share = 9 // len(np.unique(groups))
    query = CCAL(semantic="sem", distinctive="dis").query(Pool(sem=sem, dis=dis), labeled, 9)
    for label in np.unique(groups):
        best = np.argsort(-scores[:, label], kind="stable")[: min(share, (groups == label).sum())]
        assert {*labeled.unlabeled_indices[best].tolist()} <= {*query}


def test_one_encoder_serves_both_by_default() -> None:
    sem, _, labeled = drawn(0, "plain")
    one = CCAL().query(Pool(embeddings=sem), labeled, 6)
    both = CCAL(semantic="a", distinctive="b").query(Pool(a=sem, b=sem), labeled, 6)
    assert one.indices.tolist() == both.indices.tolist()
    assert CCAL(semantic="a").reads == ("a", "embeddings")


def test_answered_unknowns_change_nothing_but_the_pool() -> None:
    sem, _, labeled = drawn(0, "plain")
    alone = LabeledSet(60, 3)
    alone.add(labeled.known_indices, labeled.known_labels)
    pool, open_ = Pool(embeddings=sem), labeled.unlabeled_indices
    queries = [CCAL().query(pool, each, 6, candidates=open_) for each in (labeled, alone)]
    assert queries[0].indices.tolist() == queries[1].indices.tolist()


def test_three_rounds() -> None:
    labels = np.arange(240) % 6
    points = 2 * np.eye(6)[labels] + np.random.default_rng(0).normal(size=(240, 6))
    data = LabeledData(labels, embeddings=points.astype(np.float32))
    split = openset_split(
        labels, known=[0, 1, 2], first=9, seed=0, protocol="known", test_share=0.2
    )
    play = [simulate(CCAL(), data, split, rounds=3, budget=10, progress=False) for _ in range(2)]
    assert play[0].asked == play[1].asked
    assert len({index for asked in play[0].asked for index in asked}) == 30


@pytest.mark.parametrize("options", [{"k": 0}, {"threshold": "high"}])
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        CCAL(**options)
