"""Reverse neighbors against sorting all cosines."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional import neighbors, reverse_neighbor_counts
from openal.functional._references import References
from tests.walking import walked


def by_sorting(
    references: np.ndarray, queries: np.ndarray, labels: np.ndarray, num_labels: int, k: int
) -> np.ndarray:
    def unit(rows: np.ndarray) -> np.ndarray:
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)

    cosines = np.round(unit(queries) @ unit(references).T, 12)
    counts = np.zeros((len(references), num_labels))
    for row, label in zip(cosines, labels, strict=True):
        counts[np.argsort(-row, kind="stable")[:k], label] += 1
    first = [np.flatnonzero((references == row).all(axis=1))[0] for row in references]
    return counts if k >= len(references) else counts[first]


oracle_of_reverse_neighbor_counts = by_sorting


def drawn(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    references, queries = rng.normal(size=(60, 4)), rng.normal(size=(25, 4))
    if kind == "clustered":
        references = rng.normal(size=(5, 4))[rng.integers(0, 5, 60)] + 0.01 * references
    if kind == "duplicated":
        references = references[rng.integers(0, 20, 60)]
    if kind == "zeros":
        references[::3], queries[::4] = 0, 0
    if kind == "alike":
        references[:] = references[0]
    return references, queries, rng.integers(0, 4, 25)


def counted(data: tuple[np.ndarray, ...], k: int) -> Tensor:
    references, queries, labels = map(torch.from_numpy, data)
    return reverse_neighbor_counts(references, queries, labels, 4, k)


@pytest.mark.long
@walked
@pytest.mark.parametrize("kind", ["random", "clustered", "duplicated", "zeros", "alike"])
@pytest.mark.parametrize("k", [1, 7, 59, 60, 250])
@pytest.mark.parametrize("seed", [0, 1])
def test_sorting_gives_the_same(seed: int, k: int, kind: str) -> None:
    data = drawn(seed, kind)
    assert counted(data, k).tolist() == by_sorting(*data, 4, k).tolist()


def test_blocks_of_queries_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    data = drawn(2, "duplicated")
    whole = counted(data, 5)
    monkeypatch.setattr("openal.functional.neighbors.QUERY_ROWS", 4)
    assert counted(data, 5).equal(whole)


def test_renaming_the_references_renames_the_counts() -> None:
    references, queries, labels = drawn(3, "random")
    order = np.random.default_rng(0).permutation(60)
    renamed = counted((references[order], queries, labels), 5)
    assert renamed.equal(counted((references, queries, labels), 5)[order])


def test_every_query_counts_k_times() -> None:
    assert counted(drawn(4, "random"), 6).sum() == 25 * 6


def test_without_queries_nothing_is_counted() -> None:
    references, queries, labels = drawn(5, "random")
    assert counted((references, queries[:0], labels[:0]), 6).tolist() == [[0] * 4] * 60


@pytest.mark.parametrize("labels, words", [([0], "one for each of 25"), ([4] * 25, r"\[0\] is 4")])
def test_labels_that_cannot_be(labels: list[int], words: str) -> None:
    references, queries, _ = drawn(6, "random")
    with pytest.raises(ArrayError, match=f"labels.*{words}"):
        counted((references, queries, np.array(labels)), 3)


def test_references_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def of(references: Tensor, k: int, dtype: torch.dtype) -> References:
        calls.append(k)
        return References.of(references, k, dtype)

    monkeypatch.setattr(neighbors, "QUERY_ROWS", 2)
    monkeypatch.setattr(neighbors, "References", SimpleNamespace(of=of))
    counts = reverse_neighbor_counts(torch.eye(3), torch.ones(9, 3), torch.arange(9) % 2, 2, 2)
    assert calls == [2]
    assert counts.tolist() == [[5, 4], [5, 4], [0, 0]]


def test_a_bad_query_is_named_by_its_row_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbors, "QUERY_ROWS", 2)
    queries = torch.ones(9, 3)
    queries[7, 1] = torch.nan
    with pytest.raises(ArrayError, match="row 7"):
        reverse_neighbor_counts(torch.eye(3), queries, torch.zeros(9, dtype=torch.int64), 1, 2)
