"""Nearest neighbors beside exact sums, exact fractions and scikit-learn."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

import openal.functional._cosines as module
from openal.errors import ArgumentError, ArrayError
from openal.functional import knn, neighbor_votes
from openal.functional._cosines import GROUPS, nearest, normalized_rows
from openal.functional._references import check_shapes
from tests.walking import walked

generator = torch.Generator()


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order_of_tests() -> None:
    generator.manual_seed(0)


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator)


def slow(queries: Tensor, references: Tensor, k: int) -> tuple[list[list[float]], list[list[int]]]:
    """Every cosine from exactly rounded sums; the best k, ties by the lowest index."""
    similarity, indices = [], []
    for q in queries.double().tolist():
        cosines = [slow_cosine(q, r) for r in references.double().tolist()]
        order = sorted(range(len(cosines)), key=lambda i: (-round(cosines[i], 12), i))[:k]
        similarity.append([cosines[i] for i in order])
        indices.append(order)
    return similarity, indices


oracle_of_knn = slow


def slow_cosine(q: list[float], r: list[float]) -> float:
    dot = math.fsum(a * b for a, b in zip(q, r, strict=True))
    lengths = math.sqrt(math.fsum(a * a for a in q)) * math.sqrt(math.fsum(b * b for b in r))
    return dot / lengths if lengths else 0.0


def check(queries: Tensor, references: Tensor, k: int) -> None:
    similarity, indices = slow(queries, references, k)
    found = knn(queries, references, k)
    assert found.indices.tolist() == indices
    assert found.similarity.dtype == queries.dtype if queries.is_floating_point() else torch.float32
    np.testing.assert_allclose(found.similarity, similarity, atol=6e-8)


@contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@walked
@pytest.mark.parametrize("k", [1, 5, 60])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_a_loop_over_pairs(k: int, dtype: torch.dtype) -> None:
    check(normal(25, 9).to(dtype), normal(60, 9).to(dtype), k)


@pytest.mark.parametrize("dims", [1, 2, 31, 200])
def test_equals_a_loop_in_any_dimension(dims: int) -> None:
    check(normal(10, dims), normal(40, dims), 7)


def test_equals_a_loop_on_clusters_with_a_common_mean() -> None:
    centers = normal(3, 12) + 5
    check(
        centers.repeat(4, 1) + 0.01 * normal(12, 12),
        centers.repeat(20, 1) + 0.01 * normal(60, 12),
        10,
    )


def test_equals_scikit_learn() -> None:
    queries, references = normal(200, 24).double(), normal(300, 24).double()
    model = NearestNeighbors(n_neighbors=10, metric="cosine", algorithm="brute").fit(references)
    distances, indices = model.kneighbors(queries)
    found = knn(queries, references, 10)
    assert found.indices.tolist() == indices.tolist()
    np.testing.assert_allclose(1 - found.similarity, distances, atol=1e-11)


whole = st.integers(-2, 2).map(float)


@pytest.mark.long
@given(
    arrays(np.float32, st.tuples(st.integers(0, 4), st.just(3)), elements=whole),
    arrays(np.float32, st.tuples(st.integers(1, 25), st.just(3)), elements=whole),
    st.integers(1, 25),
)
def test_ties_are_exactly_those_of_fractions(
    queries: np.ndarray, references: np.ndarray, k: int
) -> None:
    k = min(k, len(references))
    found = knn(torch.from_numpy(queries), torch.from_numpy(references), k).indices.tolist()
    for q, row in zip(queries, found, strict=True):
        exact = [signed_square(q, r) for r in references]
        assert row == sorted(range(len(exact)), key=lambda i: (-exact[i], i))[:k]


def signed_square(q: np.ndarray, r: np.ndarray) -> Fraction:
    """cos |cos|, without a root and without rounding."""
    dot, squares = Fraction(float(q @ r)), Fraction(float((q @ q) * (r @ r)))
    return dot * abs(dot) / squares if squares else Fraction(0)


@walked
@pytest.mark.parametrize("copies", [2, 12, 300])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_copies_tie_and_the_lowest_index_wins(copies: int, dtype: torch.dtype) -> None:
    distinct = normal(4, 33).to(dtype)
    places = torch.randperm(4 * copies, generator=generator)
    references = distinct.repeat(copies, 1)[places]
    for row, query in enumerate(distinct):
        found = knn(query[None], references, copies)
        assert found.indices[0].tolist() == (places % 4 == row).nonzero()[:, 0].tolist()
        assert len(set(found.similarity[0].tolist())) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_scaled_copies_tie(dtype: torch.dtype) -> None:
    row = normal(1, 17).to(dtype)
    references = torch.cat(
        [-row, row * torch.linspace(0.1, 7, 40)[:, None].to(dtype), normal(5, 17)]
    )
    found = knn(row, references, 46)
    assert found.indices[0, :40].tolist() == list(range(1, 41))
    assert found.similarity[0, [0, 39, 45]].tolist() == [1, 1, -1]


@pytest.mark.parametrize("noise", [1e-6, 1e-7])
def test_more_near_ties_than_a_matrix_product_can_tell_apart(noise: float) -> None:
    queries, references = normal(6, 8), normal(1, 8) + noise * normal(90, 8).double()
    references[70] = references[30]
    check(queries, references, 5)
    check(torch.cat([queries, normal(6, 8)]), torch.cat([references, normal(50, 8)]), 12)


def test_a_row_of_zeros_is_nobodys_neighbor() -> None:
    queries, references = normal(4, 6), normal(30, 6)
    queries[1] = references[3] = references[20] = 0
    check(queries, references, 30)
    check(queries, references, 2)
    found = knn(queries, references, 5)
    assert found.similarity[1].tolist() == [0] * 5
    assert found.indices[1].tolist() == [0, 1, 2, 3, 4]


def test_nothing_but_zeros() -> None:
    found = knn(torch.zeros(3, 4), torch.zeros(50, 4), 3)
    assert found.similarity.tolist() == [[0] * 3] * 3
    assert found.indices.tolist() == [[0, 1, 2]] * 3


def test_no_queries() -> None:
    found = knn(torch.empty(0, 4), normal(5, 4), 2)
    assert found.similarity.shape == found.indices.shape == (0, 2)
    assert found.indices.dtype == torch.int64


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int32])
def test_narrow_and_whole_numbers_are_computed_in_float32(dtype: torch.dtype) -> None:
    queries, references = normal(20, 7).mul(9).to(dtype), normal(50, 7).mul(9).to(dtype)
    found, expected = knn(queries, references, 6), knn(queries.float(), references.float(), 6)
    assert found.similarity.dtype == torch.float32
    assert torch.equal(found.similarity, expected.similarity)
    assert torch.equal(found.indices, expected.indices)
    check(queries.float(), references, 6)


def test_queries_and_references_of_two_types() -> None:
    queries, references = normal(20, 7), normal(50, 7)
    expected = knn(queries.double(), references.double(), 6)
    for q, r in ((queries.double(), references), (queries, references.double())):
        found = knn(q, r, 6)
        assert found.similarity.dtype == q.dtype
        assert torch.equal(found.indices, expected.indices)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_very_long_and_very_short_rows(scale: float) -> None:
    queries, references = normal(5, 4).double(), normal(9, 4).double()
    found, expected = knn(queries * scale, references / scale, 9), knn(queries, references, 9)
    assert torch.equal(found.indices, expected.indices)
    torch.testing.assert_close(found.similarity, expected.similarity, rtol=0, atol=2e-12)


def test_the_longest_and_shortest_single_rows() -> None:
    queries, references = normal(5, 4), normal(9, 4)
    found = knn(queries / queries.abs().amax() * 3e38, references * 1e-38, 9)
    assert torch.equal(found.indices, knn(queries, references, 9).indices)


@pytest.mark.long
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dims", [3, 129])
def test_blocks_and_threads_do_not_matter(dtype: torch.dtype, dims: int) -> None:
    queries, references = normal(60, dims).to(dtype), normal(400, dims).to(dtype)
    references[100:140] = references[:40]
    references[200:240] = references[1] + 1e-6 * normal(40, dims)
    expected = knn(queries, references, 10)
    for number in (1, 2):
        for size in (1, 7, 59, 1000):
            with threads(number):
                found = knn(queries, references, 10, block_size=size)
            assert torch.equal(found.similarity, expected.similarity)
            assert torch.equal(found.indices, expected.indices)


def test_permuted_references_give_the_same_rows() -> None:
    queries, references = normal(50, 20), normal(200, 20)
    order = torch.randperm(200, generator=generator)
    found, expected = knn(queries, references[order], 9), knn(queries, references, 9)
    assert torch.equal(order[found.indices], expected.indices)
    assert torch.equal(found.similarity, expected.similarity)


def test_layout_does_not_matter_and_nothing_is_changed() -> None:
    queries, references = normal(30, 8), normal(40, 8)
    before = queries.clone(), references.clone()
    expected = knn(queries, references, 4)
    turned = [x.T.contiguous().T.requires_grad_() for x in (queries, references)]
    found = knn(*turned, 4)
    assert torch.equal(found.similarity, expected.similarity)
    assert torch.equal(found.indices, expected.indices)
    assert not found.similarity.requires_grad
    assert torch.equal(queries, before[0])
    assert torch.equal(references, before[1])


def test_matrix_products_of_low_precision_are_noticed() -> None:
    queries, references = (normalized_rows(normal(n, 64), torch.float32) for n in (40, 300))
    blunt = [x._replace(units=x.units.bfloat16().float()) for x in (queries, references)]
    expected = nearest(queries, references, 10)
    found = nearest(*blunt, 10)
    assert torch.equal(found.indices, expected.indices)
    assert torch.equal(found.similarity, expected.similarity)


def test_k_of_nearly_all_references() -> None:
    references = normal(30, 5)
    for k in (1, 28, 29, 30):
        check(normal(8, 5), references, k)


@pytest.mark.parametrize("more", [-1, 0, 1, GROUPS * 3 - 1, GROUPS * 3])
def test_columns_in_groups_of_one_two_and_three_and_some_left_over(more: int) -> None:
    check(normal(50, 5), normal(2 * GROUPS * 3 + more, 5), 3)


def test_all_the_best_in_one_group_of_columns() -> None:
    references = normal(5 * GROUPS * 4, 8)
    references[:: GROUPS * 4] += 100  # every so many-th: four of them are the best
    check(normal(20, 8) + 100, references, 4)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_bad_row_is_named(bad: float) -> None:
    queries, references = normal(20, 3), normal(30, 3)
    queries[13, 1] = references[29, 0] = bad
    with pytest.raises(ArrayError, match="queries must be finite; row 13 is not"):
        knn(queries, references[:20], 2, block_size=5)
    with pytest.raises(ArrayError, match="references must be finite; row 29 is not"):
        knn(queries[:5], references, 2)


def test_what_else_is_refused() -> None:
    queries, references = normal(3, 4), normal(5, 4)
    with pytest.raises(ArgumentError, match="k must be at most the 5 references, got 6"):
        knn(queries, references, 6)
    with pytest.raises(ArgumentError, match="k must be at least 1, got 0"):
        knn(queries, references, 0)
    with pytest.raises(ArgumentError, match="k must be an integer, got True"):
        knn(queries, references, True)
    with pytest.raises(ArgumentError, match="block_size must be at least 1"):
        knn(queries, references, 1, block_size=0)
    with pytest.raises(ArrayError, match="references must have at least one row"):
        knn(queries, references[:0], 1)
    with pytest.raises(
        ArrayError, match=r"must be \(N, D\) and \(M, D\), got \(3, 4\) and \(5, 3\)"
    ):
        knn(queries, references[:, :3], 1)
    with pytest.raises(ArrayError, match="must be on one device, got cpu and meta"):
        check_shapes(queries, references.to("meta"))
    with pytest.raises(ArrayError, match="references must have no empty row"):
        knn(queries[:, :0], references[:, :0], 1)


@pytest.mark.long
@given(
    arrays(np.int64, st.tuples(st.integers(0, 6), st.integers(0, 9)), elements=st.integers(-2, 4)),
    st.integers(5, 7),
)
def test_votes_equal_a_count_of_labels(labels: np.ndarray, num_classes: int) -> None:
    expected = [[list(row).count(c) for c in range(num_classes)] for row in labels]
    found = neighbor_votes(torch.from_numpy(labels), num_classes)
    assert found.dtype == torch.float32
    assert found.shape == (len(labels), num_classes)
    assert found.tolist() == expected


oracle_of_neighbor_votes = test_votes_equal_a_count_of_labels


def test_unknown_and_skipped_have_no_vote() -> None:
    assert neighbor_votes(torch.tensor([[-1, -2, 1]]), 2).tolist() == [[0, 1]]


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.uint8])
def test_votes_of_narrow_integers(dtype: torch.dtype) -> None:
    assert neighbor_votes(torch.tensor([[0, 2, 2]], dtype=dtype), 300)[0, :3].tolist() == [1, 0, 2]


def test_which_votes_are_refused() -> None:
    expected = r"neighbor_labels\[1, 2\] is 3; classes run from 0 to 2"
    with pytest.raises(ArrayError, match=expected):
        neighbor_votes(torch.tensor([[0, 1, 2], [0, -1, 3]]), 3)
    with pytest.raises(ArrayError, match=r"must be integers of shape \(N, k\), got torch.float32"):
        neighbor_votes(torch.zeros(2, 3), 3)
    with pytest.raises(ArrayError, match=r"got torch.int64 of shape \(3,\)"):
        neighbor_votes(torch.tensor([0, 1, 2]), 3)
    with pytest.raises(ArgumentError, match="num_classes must be at least 1"):
        neighbor_votes(torch.zeros(2, 3, dtype=torch.int64), 0)


def test_queries_of_zeros_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs: list[int] = []
    cosines = module.cosines_of
    monkeypatch.setattr(
        module, "cosines_of", lambda *given: (pairs.append(len(given[2])), cosines(*given))[1]
    )
    queries = torch.zeros(20, 6)
    queries[7] = 1
    similarity, indices = knn(queries, normal(300, 6), 4)
    assert sum(pairs) < 20
    assert torch.equal(indices[0], torch.arange(4))
    assert torch.equal(similarity[0], torch.zeros(4))


@pytest.mark.parametrize("bad", [np.array([["a"]]), [[1.0], [1.0, 2.0]], normal(3, 3).to_sparse()])
def test_what_is_no_array_of_numbers_is_refused(bad: Any) -> None:
    with pytest.raises(ArrayError, match="queries must"):
        knn(bad, normal(5, 3), 1)
