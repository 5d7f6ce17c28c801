"""NEAT against the paper and the authors' code, written down once more in NumPy."""

from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.informativeness import Inconsistency, Uniform
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import KnownNeighbors
from openal.selection import Filter, Top
from openal.strategies import NEAT, NEATPassive
from tests.oracles.comparing import draws
from tests.walking import walked


def unit(z: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(z, axis=1, keepdims=True)
    return z / np.where(length == 0, 1, length)


def reference(
    z: np.ndarray, logits: np.ndarray, labeled: LabeledSet, budget: int, k: int
) -> list[int]:
    """NEAT in float64: keys are compared one after the other, equal counts by what is drawn."""
    answers = dict(zip(labeled.known_indices.tolist(), labeled.known_labels, strict=True))
    answers |= dict.fromkeys(labeled.unknown_indices.tolist(), UNKNOWN)
    answered = np.array(sorted(answers))
    labels = np.array([answers[index] for index in sorted(answers)])
    share, inconsistency = {}, {}
    for index in labeled.unlabeled_indices.tolist():
        cosines = np.round(unit(z[answered]) @ unit(z[[index]])[0], 11)
        near = np.lexsort((np.arange(len(answered)), -cosines))[:k]
        votes = np.bincount(labels[near][labels[near] >= 0], minlength=logits.shape[1])
        p = np.exp(logits[index] - logits[index].max())
        inconsistency[index] = round(np.log(np.exp(votes).sum()) - p @ votes / p.sum(), 9)
        share[index] = (labels[near] >= 0).mean()
    kept = [*share]
    for depth in (0, 1):
        standing = draws(labeled, kept, depth)
        kept = sorted(kept, key=lambda index: (-share[index], -standing[index]))
        passed = sum(share[index] > 0.5 for index in kept)
        kept = kept[: max(passed, budget)] if depth == 0 else kept[: 2 * budget]
    return sorted(kept, key=lambda index: -inconsistency[index])[:budget]


def drawn(seed: int, lattice: bool, twice: bool) -> tuple[np.ndarray, np.ndarray, LabeledSet]:
    """A random world; on a lattice many cosines are equal, and rows of zeros occur."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(30, 70)), int(rng.integers(1, 5))
    z = rng.integers(-1, 2, (n, 4)).astype(float) if lattice else rng.normal(size=(n, 4))
    logits = 2 * rng.normal(size=(n, k))
    rows = np.arange(n) // 2 if twice else np.arange(n)
    labeled = LabeledSet(n, k)
    asked = rng.permutation(n)[: int(rng.integers(1, n // 2))]
    labeled.add(asked, rng.integers(UNKNOWN, k, len(asked)))
    return z[rows], logits[rows], labeled


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["plain", "lattice", "twice", "both"])
@pytest.mark.parametrize("budget, k", [(1, 3), (6, 10), (15, 4), (100, 7)])
def test_the_query_is_that_of_the_reference(seed: int, kind: str, budget: int, k: int) -> None:
    z, logits, labeled = drawn(seed, kind in ("lattice", "both"), kind in ("twice", "both"))
    query = NEAT(k=k).query(Pool(embeddings=z, logits=logits), labeled, budget, seed=0)
    assert query.indices.tolist() == reference(z, logits, labeled, budget, k)


def shares(z: np.ndarray, labeled: LabeledSet, k: int) -> dict[int, float]:
    """The share of known ones among the k nearest answers of each candidate."""
    known = dict.fromkeys(labeled.known_indices.tolist(), True)
    known |= dict.fromkeys(labeled.unknown_indices.tolist(), False)
    order, found = sorted(known), {}
    for index in labeled.unlabeled_indices.tolist():
        cosines = np.round(unit(z[order]) @ unit(z[[index]])[0], 11)
        near = np.argsort(-cosines, kind="stable")[:k]
        found[index] = float(np.mean([known[order[i]] for i in near]))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_passive_by_count_takes_the_most_known_neighbors(seed: int) -> None:
    z, _, labeled = drawn(seed, lattice=True, twice=False)
    query = NEATPassive(k=5, rule="count").query(Pool(embeddings=z), labeled, 8, seed=0)
    share = shares(z, labeled, 5)
    standing = draws(labeled, [*share], 0)
    best = sorted(share, key=lambda index: (-share[index], -standing[index]))
    assert query.indices.tolist() == best[:8]


@pytest.mark.parametrize("seed", range(4))
def test_passive_draws_among_those_whose_neighbors_are_all_known(seed: int) -> None:
    z, _, labeled = drawn(seed, lattice=True, twice=False)
    share = shares(z, labeled, 2)
    known = {index for index in share if share[index] == 1}
    asked = [
        set(NEATPassive(k=2).query(Pool(embeddings=z), labeled, 3, seed=draw))
        for draw in range(len(known) + 60)
    ]
    assert set().union(*asked) == known or len(known) < 3


# Before the first UNKNOWN all neighbors are known: candidates 0..7, the farther the higher.
FAN = np.radians([10.0, 20, 30, 40, 50, 60, 70, 80, 0])
ALIKE = Pool(
    embeddings=np.stack([np.cos(FAN), np.sin(FAN)], axis=1),
    logits=np.zeros((9, 2)),
)


def asked_over_seeds(strategy: Any, labeled: LabeledSet, budget: int) -> np.ndarray:
    """How often each of 9 items is asked about under 200 seeds."""
    queries = [strategy.query(ALIKE, labeled, budget, seed=seed).indices for seed in range(200)]
    return np.bincount(np.concatenate(queries), minlength=9)


@pytest.mark.parametrize("rule", ["majority", "all", "count"])
def test_equal_counts_are_drawn_evenly(rule: Any) -> None:
    labeled = LabeledSet(9, 2)
    labeled.add([8], [0])
    counts = asked_over_seeds(NEAT(rule=rule, factor=1.5), labeled, 2)
    assert counts[:8].min() > 25  # 50 on average, with a standard deviation of 6
    assert counts[8] == 0


def test_equal_counts_go_by_distance_before_the_first_unknown_if_so_asked() -> None:
    labeled = LabeledSet(9, 2)
    labeled.add([8], [0])
    counts = asked_over_seeds(NEAT(tie_break="nearest"), labeled, 2)
    assert counts.tolist() == [200, 200, *[0] * 7]


def test_after_the_first_unknown_equal_counts_are_drawn_all_the_same() -> None:
    labeled = LabeledSet(9, 2)
    labeled.add([8, 7], [0, UNKNOWN])
    counts = asked_over_seeds(NEAT(k=1, tie_break="nearest"), labeled, 1)
    assert (counts[:3] > 25).all()  # below 40 degrees the known one is nearer


# Candidates 0..3 point as 4 (known, class 0), 5 (known, class 1) or 6 (UNKNOWN) does.
Z = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0.1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
LOGITS = np.array([[5.0, 0], [5, 0], [0, 5], [0, 5], [0, 0], [0, 0], [0, 0]])
LABELED = LabeledSet(7, 2)
LABELED.add([4, 5, 6], [0, 1, UNKNOWN])
POOL = Pool(embeddings=Z, logits=LOGITS)


def test_what_the_classifier_contradicts_comes_first() -> None:
    query = NEAT(k=1).query(POOL, LABELED, 2)
    assert sorted(query.indices.tolist()) == [1, 3]
    assert query.informativeness is not None
    assert query.informativeness.min() > 1
    assert query.n_filled == 0


def test_what_resembles_the_unknown_fills_up_last_and_is_counted() -> None:
    query = NEAT(k=1).query(POOL, LABELED, 4)
    assert sorted(query.indices.tolist()) == [0, 1, 2, 3]
    assert query.n_filled == 1
    assert query.purity is not None
    assert query.purity[query.indices.tolist().index(2)] == pytest.approx(0, abs=1e-6)


def test_all_neighbors_known_is_the_papers_rule() -> None:
    z = np.array([[1.0, 0], [0, 1], [1, 0], [1, 0], [0, 1], [0, 1]])
    labeled = LabeledSet(6, 2)
    labeled.add([2, 3, 4, 5], [0, 1, 0, UNKNOWN])
    pool = Pool(embeddings=z, logits=np.zeros((6, 2)))
    step = NEAT(k=2, rule="all").query(pool, labeled, 1).steps[0]
    assert step.kept.tolist() == [0]
    assert NEAT(k=2).query(pool, labeled, 1).steps[0].kept.tolist() == [0]
    assert sorted(NEAT(k=4).query(pool, labeled, 1).steps[0].kept.tolist()) == [0, 1]
    assert NEAT(k=4, rule="all").query(pool, labeled, 1).n_filled == 1


def test_the_stages_are_those_of_the_paper_and_of_the_code() -> None:
    known, every = KnownNeighbors(10), KnownNeighbors(10, rule="all")
    rank = Top(Inconsistency(10))
    assert NEAT().stages == (Filter(known, above=0.5), Top(known, factor=2.0), rank)
    assert NEAT(rule="all").stages == (Filter(every, above=0.5), rank)
    assert NEAT(rule="count", factor=3).stages == (Top(known, factor=3), rank)
    assert NEATPassive().stages == (Filter(every), Top(Uniform()))
    assert NEATPassive(rule="count").stages == (Top(known),)


# Items 0..19 lie around class 0 and contradict it, 20..25 around class 1; 26 and 27 are answered.
CROWD = np.r_[np.linspace(-5, 5, 20), np.linspace(85, 95, 6), 0, 90]
CROWDED = Pool(
    embeddings=np.stack([np.cos(np.radians(CROWD)), np.sin(np.radians(CROWD))], axis=1),
    logits=np.tile([-5.0, 5.0], (28, 1)),
)


@pytest.mark.parametrize("rule", ["majority", "all", "count"])
def test_balanced_it_asks_as_often_about_each_class(rule: Any) -> None:
    labeled = LabeledSet(28, 2)
    labeled.add([26, 27], [0, 1])
    even = NEAT(k=1, rule=rule, balanced=True).query(CROWDED, labeled, 8, seed=0)
    assert (even.indices < 20).sum() == 4
    usual = NEAT(k=1, rule=rule).query(CROWDED, labeled, 8, seed=0)
    assert (usual.indices < 20).sum() > 5


def test_signals_of_other_names() -> None:
    assert NEAT().reads == ("embeddings", "logits")
    assert NEAT(embeddings="clip", logits="probe").reads == ("clip", "probe")
    assert NEATPassive(embeddings="clip").reads == ("clip",)


def test_without_answers_the_order_is_random() -> None:
    labeled, pool = LabeledSet(60, 2), Pool(embeddings=np.eye(60), logits=np.zeros((60, 2)))
    queries = {tuple(NEAT().query(pool, labeled, 5, seed=seed)) for seed in range(4)}
    assert len(queries) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"k": 0},
        {"k": 2.5},
        {"rule": "some"},
        {"factor": 0.5},
        {"factor": "2"},
        {"tie_break": "far"},
    ],
)
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        NEAT(**options)
    if "k" in options:
        with pytest.raises(ArgumentError, match="k must be"):
            NEATPassive(**options)
