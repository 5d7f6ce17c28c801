"""Neighbors from an index: all of them where it looks everywhere, most where it does not."""

import pickle
import sys

import numpy as np
import pytest
import torch
from torch import Tensor

import openal._answered_neighbors
from openal import Pool
from openal.errors import ArgumentError, ArrayError, MissingPackageError
from openal.functional import approximate_knn, knn
from openal.functional.approximate_neighbors import IndexedReferences
from openal.labeled import UNKNOWN, LabeledSet
from openal.strategies import NEAT

generator = torch.Generator().manual_seed(0)


def drawn(n: int, kind: str = "random") -> Tensor:
    x = torch.randn(n, 8, generator=generator)
    rows = torch.randint(n, (n,), generator=generator)
    made = {"random": x, "clustered": x[rows % 9] + 0.01 * x, "duplicated": x[rows // 4]}
    return made[kind]


@pytest.mark.parametrize("kind", ["random", "clustered", "duplicated"])
def test_looking_everywhere_it_finds_what_knn_finds(kind: str) -> None:
    queries, references = drawn(70), drawn(900, kind)
    queries[3] = 0
    found, expected = (
        approximate_knn(queries, references, 5, probes=900),
        knn(queries, references, 5),
    )
    assert torch.equal(found.similarity.float(), expected.similarity)
    if kind != "duplicated":  # of surplus copies the index may propose others
        assert torch.equal(found.indices, expected.indices)


def by_loop(query: np.ndarray, references: np.ndarray, k: int) -> list[int]:
    """The k rows of the largest cosines, in float64; ties by the lowest index."""
    lengths = [np.linalg.norm(row) * np.linalg.norm(query) for row in references]
    cosines = [query @ x / n if n else 0.0 for x, n in zip(references, lengths, strict=True)]
    return sorted(range(len(references)), key=lambda row: (-round(cosines[row], 12), row))[:k]


oracle_of_approximate_knn = by_loop


@pytest.mark.parametrize("kind", ["random", "clustered"])
def test_looking_everywhere_it_finds_what_a_loop_finds(kind: str) -> None:
    queries, references = drawn(12), drawn(300, kind)
    queries[3] = references[5] = 0
    found = approximate_knn(queries, references, 7, probes=300).indices.tolist()
    assert found == [by_loop(q, references.double().numpy(), 7) for q in queries.double().numpy()]


def test_looking_into_some_cells_it_finds_most() -> None:
    queries, references = drawn(300), drawn(5000)
    found, expected = (
        approximate_knn(queries, references, 10, probes=12),
        knn(queries, references, 10),
    )
    share = (found.indices[:, :, None] == expected.indices[:, None]).any(dim=2).float().mean()
    assert 0.9 < share < 1


def test_the_same_for_any_number_of_threads_and_after_a_trip() -> None:
    queries, before = drawn(3000), torch.get_num_threads()
    index = IndexedReferences.of(drawn(2000), 5, probes=3)
    expected = index.nearest(queries)
    try:
        torch.set_num_threads(3 - min(2, before))
        for each in (index, pickle.loads(pickle.dumps(index))):
            assert torch.equal(each.nearest(queries).indices, expected.indices)
    finally:
        torch.set_num_threads(before)


def test_cells_with_fewer_than_k_are_not_the_end() -> None:
    queries, references = drawn(20), drawn(100)
    found, expected = (
        approximate_knn(queries, references, 90, probes=1),
        knn(queries, references, 90),
    )
    assert torch.equal(found.indices, expected.indices)


def test_a_strategy_uses_it_where_answers_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings, logits, labeled = drawn(900), drawn(900)[:, :3], LabeledSet(900, 3)
    labels = torch.randint(3, (500,), generator=generator)
    labels[embeddings[:500, 0] < 0] = UNKNOWN
    labeled.add(range(500), labels.tolist())
    expected = NEAT().query(Pool(embeddings=embeddings, logits=logits), labeled, 20, seed=0).indices
    monkeypatch.setattr(openal._answered_neighbors, "MANY", 400)
    asked: list[int] = []
    nearest = IndexedReferences.nearest
    monkeypatch.setattr(
        IndexedReferences, "nearest", lambda *given: (asked.append(1), nearest(*given))[1]
    )
    pool = Pool(embeddings=embeddings, logits=logits)
    assert NEAT(probes=500).query(pool, labeled, 20, seed=0).indices.tolist() == expected.tolist()
    assert asked


def test_without_faiss_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingPackageError, match=r'pip install "openal\[faiss\]"'):
        approximate_knn(drawn(3), drawn(30), 2)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="probes must be at least 1"):
        approximate_knn(drawn(3), drawn(30), 2, probes=0)
    with pytest.raises(ArrayError, match="queries and references must be"):
        approximate_knn(drawn(3)[:, :4], drawn(30), 2)
    bad = drawn(3)
    bad[1] = torch.nan
    with pytest.raises(ArrayError, match="queries must be finite; row 1 is not"):
        approximate_knn(bad, drawn(30), 2)
