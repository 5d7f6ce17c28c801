"""The answered neighbors of every candidate, and that only new answers are searched."""

import gc
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal._answered_neighbors import answered_neighbors, known_neighbors
from openal._sources import KEPT
from openal.functional._cosines import Neighbors
from openal.functional._references import References
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.view import Blocks, View

# Directions in degrees: candidates 0..2, answered 3..6.
DEGREES = np.array([0.0, 90, 45, 10, 80, 200, 5])
Z = np.stack([np.cos(np.radians(DEGREES)), np.sin(np.radians(DEGREES))], axis=1)


def viewed(answers: dict[int, int], z: np.ndarray = Z) -> View:
    labeled = LabeledSet(len(z), 2)
    labeled.add(list(answers), list(answers.values()))
    candidates = [index for index in (0, 1, 2) if index not in answers]
    return Pool(embeddings=z).view(labeled, reads=("embeddings",), candidates=candidates)


ANSWERS = {3: 1, 4: 0, 5: UNKNOWN, 6: SKIPPED}


def test_labels_and_cosines_nearest_first() -> None:
    labels, cosines = answered_neighbors(viewed(ANSWERS), 2, "embeddings")
    assert labels.tolist() == [[1, 0], [0, 1], [1, 0]]
    expected = np.cos(np.radians([[10, 80], [10, 80], [35, 35]]))
    assert np.allclose(cosines.numpy(), expected, atol=1e-6)


def test_unknowns_are_neighbors_and_skipped_are_not() -> None:
    labels, _ = answered_neighbors(viewed(ANSWERS), 3, "embeddings")
    assert labels.tolist() == [[1, 0, UNKNOWN], [0, 1, UNKNOWN], [1, 0, UNKNOWN]]
    assert labels.dtype == torch.int64


def test_there_are_at_most_as_many_as_were_answered() -> None:
    labels, cosines = answered_neighbors(viewed(ANSWERS), 100, "embeddings")
    assert labels.shape == cosines.shape == (3, 3)


@pytest.mark.parametrize("answers", [{}, {3: SKIPPED}])
def test_without_answers_there_are_none(answers: dict[int, int]) -> None:
    labels, cosines = answered_neighbors(viewed(answers), 5, "embeddings")
    assert labels.shape == cosines.shape == (3, 0)
    assert labels.dtype == torch.int64


def test_only_unknowns_are_enough() -> None:
    labels, _ = answered_neighbors(viewed({5: UNKNOWN}), 5, "embeddings")
    assert labels.tolist() == [[UNKNOWN]] * 3


def test_equally_near_ones_come_in_the_order_of_their_indices() -> None:
    z = np.tile([[1.0, 0.0]], (7, 1))
    for answers in ({6: UNKNOWN, 5: 1, 3: 0}, {3: 0, 6: UNKNOWN, 5: 1}):
        labels, _ = answered_neighbors(viewed(answers, z), 3, "embeddings")
        assert labels[0].tolist() == [0, 1, UNKNOWN]


@pytest.mark.long
def test_many_classes_keep_their_labels() -> None:
    labeled = LabeledSet(7, 50_000)
    labeled.add([3, 4], [49_999, 1234])
    view = Pool(embeddings=Z.astype(np.float16)).view(labeled, reads=("embeddings",))
    labels, _ = answered_neighbors(view, 1, "embeddings")
    assert labels[:2, 0].tolist() == [49_999, 1234]


def test_only_items_of_a_class_are_known_neighbors() -> None:
    labels, cosines = known_neighbors(viewed(ANSWERS), 3, "embeddings")
    assert labels.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert cosines.shape == (3, 2)


def test_another_k_is_another_search() -> None:
    view = viewed(ANSWERS)
    assert answered_neighbors(view, 1, "embeddings")[0].shape == (3, 1)
    assert answered_neighbors(view, 2, "embeddings")[0].shape == (3, 2)


# --- from query to query


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many rows were compared with how many references, search by search."""
    searches: list[tuple[int, int]] = []
    search, prepare = References.nearest, References.of
    made: dict[int, int] = {}

    def of(references: Tensor, k: int) -> References:
        known = prepare(references, k)
        made[id(known)] = len(references)
        return known

    def nearest(known: References, queries: Tensor, floor: Tensor | None = None) -> Neighbors:
        searches.append((len(queries), made[id(known)]))
        return search(known, queries, floor)

    monkeypatch.setattr(References, "of", of)
    monkeypatch.setattr(References, "nearest", nearest)
    return searches


def points(kind: str, n: int = 60) -> np.ndarray:
    """Points in general position, pairs of the same, or few directions with zeros among them."""
    rng = np.random.default_rng(0)
    if kind == "lattice":
        return rng.integers(-1, 2, (n, 3)).astype(np.float32)
    z = rng.normal(size=(n, 5)).astype(np.float64 if kind == "double" else np.float32)
    return z[np.arange(n) // 2] if kind == "twice" else z


def expect_full_search(pool: Pool, labeled: LabeledSet, k: int, candidates: Any = None) -> None:
    """What the pool remembers is what a pool that remembers nothing finds, bit for bit."""
    fresh = pickle.loads(pickle.dumps(pool))
    for neighbors in (answered_neighbors, known_neighbors):
        found, expected = (
            neighbors(
                each.view(labeled, reads=("embeddings",), candidates=candidates), k, "embeddings"
            )
            for each in (pool, fresh)
        )
        assert torch.equal(found[0], expected[0])
        assert torch.equal(found[1], expected[1])


def happenings(labeled: LabeledSet, rng: np.random.Generator) -> None:
    """New answers, and now and then one that is changed or taken back."""
    labeled.add(rng.permutation(labeled.unlabeled_indices)[:4], rng.integers(SKIPPED, 3, 4))
    answered = np.concatenate([labeled.known_indices, labeled.unknown_indices])
    if len(answered) and rng.random() < 0.6:
        labeled.relabel(rng.choice(answered), rng.integers(UNKNOWN, 3))
    if len(answered) and rng.random() < 0.4:
        labeled.retract(rng.choice(answered))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["plain", "double", "twice", "lattice"])
@pytest.mark.parametrize("k, rows", [(1, None), (4, None), (4, 7), (30, 1), (30, None)])
def test_after_anything_it_is_the_full_search(kind: str, k: int, rows: int | None) -> None:
    rng, pool = np.random.default_rng(k), Pool(embeddings=points(kind))
    pool = pool if rows is None else pool.with_engine(Blocks(rows))
    sets = [LabeledSet(60, 3), LabeledSet(60, 3)]
    for number in range(11):
        labeled = sets[number in (5, 6)]
        happenings(labeled, rng)
        some = rng.permutation(labeled.unlabeled_indices)[: rng.integers(3, 60)]
        expect_full_search(pool, labeled, k, None if number % 3 else some)
    sets[0].retract(sets[0].known_indices)
    expect_full_search(pool, sets[0], k)


def test_a_query_searches_once(searched: list[tuple[int, int]]) -> None:
    view = viewed(ANSWERS)
    answered_neighbors(view, 2, "embeddings")
    labels, _ = answered_neighbors(view.at(torch.tensor([2, 1])), 2, "embeddings")
    assert labels.tolist() == [[1, 0], [0, 1]]
    assert searched == [(3, 3)]


def test_what_is_given_out_is_the_takers_own() -> None:
    view = viewed(ANSWERS)
    first = answered_neighbors(view, 2, "embeddings")
    expected = [each.clone() for each in first]
    for each in first:
        each.zero_()
    for found, right in zip(answered_neighbors(view, 2, "embeddings"), expected, strict=True):
        assert torch.equal(found, right)


def asked(pool: Pool, labeled: LabeledSet, candidates: Any = None) -> Tensor:
    view = pool.view(labeled, reads=("embeddings",), candidates=candidates)
    return answered_neighbors(view, 3, "embeddings")[0]


def test_only_new_answers_are_searched(searched: list[tuple[int, int]]) -> None:
    pool, labeled = Pool(embeddings=points("plain")), LabeledSet(60, 3)
    labeled.add(range(10), [0] * 10)
    asked(pool, labeled)
    labeled.add([50, 30], [UNKNOWN, 1])
    asked(pool, labeled)
    asked(pool, labeled, candidates=range(20, 40))
    labeled.relabel(range(4), [2] * 4)
    asked(pool, labeled)
    assert searched == [(50, 10), (48, 2)]


def test_rows_that_were_not_searched_are_searched_among_all(
    searched: list[tuple[int, int]],
) -> None:
    pool, labeled = Pool(embeddings=points("plain")), LabeledSet(60, 3)
    labeled.add(range(10), [0] * 10)
    asked(pool, labeled, candidates=range(10, 30))
    labeled.add([50], [1])
    asked(pool, labeled)
    assert sorted(searched) == [(20, 1), (20, 10), (29, 11)]


def test_a_retracted_answer_costs_the_rows_whose_neighbor_it_was(
    searched: list[tuple[int, int]],
) -> None:
    pool, labeled = Pool(embeddings=points("plain")), LabeledSet(60, 3)
    labeled.add(range(10), np.arange(10) % 3)
    places = LabeledSet(60, 10)
    places.add(range(10), range(10))
    lost = int((asked(pool, places) == 4).any(dim=1).sum())
    labeled.retract(4)
    asked(pool, labeled)
    assert 0 < lost < 50
    assert searched == [(50, 10), (lost + 1, 9)]


def test_nothing_is_remembered_of_replaced_embeddings(searched: list[tuple[int, int]]) -> None:
    pool, labeled = Pool(embeddings=points("plain")), LabeledSet(60, 3)
    labeled.add(range(10), np.arange(10) % 3)
    first = asked(pool, labeled)
    other = asked(pool.with_signals(embeddings=points("lattice")), labeled)
    assert not torch.equal(first, other)
    assert torch.equal(asked(pool.with_signals(spare=np.zeros(60)), labeled), first)
    assert searched == [(50, 10), (50, 10)]


def test_another_engine_searches_for_itself(searched: list[tuple[int, int]]) -> None:
    pool, labeled = Pool(embeddings=points("plain")), LabeledSet(60, 3)
    labeled.add([1, 2], [0, 1])
    asked(pool, labeled)
    asked(pool.with_engine(Blocks(29)), labeled)
    assert searched == [(58, 2), (29, 2), (29, 2)]


def test_what_is_remembered_goes_with_the_pool() -> None:
    pool, labeled = Pool(embeddings=points("plain")), LabeledSet(60, 3)
    size = len(pickle.dumps(pool))
    labeled.add([1, 2], [0, 1])
    before = len(KEPT)
    asked(pool, labeled)
    assert len(KEPT) == before + 1
    assert len(pickle.dumps(pool)) == size
    del pool
    gc.collect()
    assert len(KEPT) == before


@dataclass(eq=False)
class Turned:
    values: Any
    offers: tuple[str, ...] = ("embeddings",)
    reads: tuple[str, ...] = ()

    def signals(
        self, pool: Any, indices: np.ndarray, names: tuple[str, ...], *, progress: Any = None
    ) -> dict[str, Tensor]:
        return {"embeddings": torch.from_numpy(self.values[indices])}


@dataclass(eq=False)
class Turning:
    """A learner whose embeddings differ after every training."""

    offers: tuple[str, ...] = ("embeddings",)
    reads: tuple[str, ...] = ()
    trained: int = 0

    def fit(self, pool: Any, labeled: Any, *, seed: int = 0, progress: Any = None) -> Turned:
        self.trained += 1
        return Turned(points("plain") * ([1, 2, 3, 4, 5] if self.trained % 2 else 1))


def test_trained_embeddings_are_searched_anew(searched: list[tuple[int, int]]) -> None:
    pool, labeled = Pool(np.zeros(60), embeddings=Turning()), LabeledSet(60, 3)
    labeled.add(range(10), np.arange(10) % 3)
    assert not torch.equal(asked(pool, labeled), asked(pool, labeled))
    assert searched == [(50, 10), (50, 10)]
