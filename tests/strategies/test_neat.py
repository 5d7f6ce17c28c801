"""NEAT against the paper and the authors' code, written down once more in NumPy."""

from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.informativeness import Inconsistency
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import KnownNeighbors
from openal.selection import Filter, Top
from openal.strategies import NEAT, NEATPassive
from tests.walking import walked


def unit(z: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(z, axis=1, keepdims=True)
    return z / np.where(length == 0, 1, length)


def reference(
    z: np.ndarray, logits: np.ndarray, labeled: LabeledSet, budget: int, k: int
) -> list[int]:
    """NEAT in float64: keys are compared one after the other, ties go to the lower index."""
    answers = dict(zip(labeled.known_indices.tolist(), labeled.known_labels, strict=True))
    answers |= dict.fromkeys(labeled.unknown_indices.tolist(), UNKNOWN)
    answered = np.array(sorted(answers))
    labels = np.array([answers[index] for index in sorted(answers)])
    rows = {}
    for index in labeled.unlabeled_indices.tolist():
        cosines = np.round(unit(z[answered]) @ unit(z[[index]])[0], 11)
        near = np.lexsort((np.arange(len(answered)), -cosines))[:k]
        votes = np.bincount(labels[near][labels[near] >= 0], minlength=logits.shape[1])
        p = np.exp(logits[index] - logits[index].max())
        inconsistency = np.log(np.exp(votes).sum()) - p @ votes / p.sum()
        share, similarity = (labels[near] >= 0).mean(), cosines[near].mean()
        rows[index] = (-share, -round(similarity, 6), index), round(inconsistency, 9)
    ranked = sorted(rows, key=lambda index: rows[index][0])
    known = [index for index in ranked if -rows[index][0][0] > 0.5]
    kept = ranked[: max(len(known), budget)][: 2 * budget]
    return sorted(kept, key=lambda index: (-rows[index][1], *rows[index][0]))[:budget]


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
    query = NEAT(k=k).query(Pool(embeddings=z, logits=logits), labeled, budget)
    assert query.indices.tolist() == reference(z, logits, labeled, budget, k)


@pytest.mark.parametrize("seed", range(4))
def test_passive_takes_the_most_known_neighbors(seed: int) -> None:
    z, _, labeled = drawn(seed, lattice=True, twice=False)
    query = NEATPassive(k=5).query(Pool(embeddings=z), labeled, 8)
    labels = {int(i): True for i in labeled.known_indices} | {
        int(i): False for i in labeled.unknown_indices
    }
    shares = {}
    for index in labeled.unlabeled_indices.tolist():
        order = sorted(labels)
        cosines = np.round(unit(z[order]) @ unit(z[[index]])[0], 11)
        near = np.argsort(-cosines, kind="stable")[:5]
        known = np.mean([labels[order[i]] for i in near])
        shares[index] = (-known, -round(cosines[near].mean(), 6), index)
    assert query.indices.tolist() == sorted(shares, key=lambda index: shares[index])[:8]


# Candidates 0..3 point as 4 (known, class 0), 5 (known, class 1) or 6 (UNKNOWN) does.
Z = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0.1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
LOGITS = np.array([[5.0, 0], [5, 0], [0, 5], [0, 5], [0, 0], [0, 0], [0, 0]])
LABELED = LabeledSet(7, 2)
LABELED.add([4, 5, 6], [0, 1, UNKNOWN])
POOL = Pool(embeddings=Z, logits=LOGITS)


def test_what_the_classifier_contradicts_comes_first() -> None:
    query = NEAT(k=1).query(POOL, LABELED, 2)
    assert query.indices.tolist() == [1, 3]
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
    assert NEAT(k=4).query(pool, labeled, 1).steps[0].kept.tolist() == [0, 1]
    assert NEAT(k=4, rule="all").query(pool, labeled, 1).n_filled == 1


def test_the_stages_are_those_of_the_paper_and_of_the_code() -> None:
    known, every = KnownNeighbors(10), KnownNeighbors(10, rule="all")
    rank = Top(Inconsistency(10))
    assert NEAT().stages == (Filter(known, above=0.5), Top(known, factor=2.0), rank)
    assert NEAT(rule="all").stages == (Filter(every, above=0.5), rank)
    assert NEAT(rule="count", factor=3).stages == (Top(known, factor=3), rank)
    assert NEATPassive().stages == (Top(known),)


def test_signals_of_other_names() -> None:
    assert NEAT().reads == ("embeddings", "logits")
    assert NEAT(embeddings="clip", logits="probe").reads == ("clip", "probe")
    assert NEATPassive(embeddings="clip").reads == ("clip",)


def test_before_the_first_unknown_it_prefers_what_resembles_the_known() -> None:
    labeled = LabeledSet(7, 2)
    labeled.add([4], [0])
    assert NEATPassive().query(POOL, labeled, 2).indices.tolist() == [0, 3]


def test_without_answers_the_order_is_random() -> None:
    labeled, pool = LabeledSet(60, 2), Pool(embeddings=np.eye(60), logits=np.zeros((60, 2)))
    queries = {tuple(NEAT().query(pool, labeled, 5, seed=seed)) for seed in range(4)}
    assert len(queries) == 4


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"k": 2.5}, {"rule": "some"}, {"factor": 0.5}, {"factor": "2"}]
)
def test_options_that_cannot_be_are_refused_when_made(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        NEAT(**options)
    if "k" in options:
        with pytest.raises(ArgumentError, match="k must be"):
            NEATPassive(**options)
