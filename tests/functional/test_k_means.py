"""K-means that depends on the points alone."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional.k_means import k_means
from tests.walking import walked


def blobs(count: int, size: int, seed: int = 0, spread: float = 0.1) -> Tensor:
    """Points around the corners of a simplex, blob after blob."""
    noise = torch.randn(count * size, 8, generator=torch.Generator().manual_seed(seed))
    return 5 * torch.eye(8)[:count].repeat_interleave(size, dim=0) + spread * noise


def sum_of_squares(x: np.ndarray, labels: np.ndarray) -> float:
    """Of the distances to the mean of each cluster, one cluster after another."""
    return sum(float(((own - own.mean(axis=0)) ** 2).sum()) for own in parts(x, labels))


def parts(x: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    return [x[labels == each] for each in np.unique(labels)]


def lloyd(x: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The labels where Lloyd's two steps, taken from these centers, come to rest."""
    labels = np.full(len(x), -1)
    while True:
        squares = np.array([[((row - center) ** 2).sum() for center in centers] for row in x])
        if (labels == (labels := squares.argmin(axis=1))).all():
            return labels
        centers = np.stack([own.mean(axis=0) for own in parts(x, labels)])
        labels = np.searchsorted(np.unique(labels), labels)


oracle_of_k_means = lloyd


def drawn(kind: str, n: int = 90) -> np.ndarray:
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, 3))
    made = {
        "random": x,
        "clustered": 6 * rng.normal(size=(4, 3))[rng.integers(0, 4, n)] + 0.3 * x,
        "duplicated": x[rng.integers(0, n // 3, n)],
        "a constant column": x * [1, 0, 1],
        "far away": x + 1e4,
    }
    return made[kind]


KINDS = ["random", "clustered", "duplicated", "a constant column", "far away"]


@pytest.mark.long
@walked
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 6, 20])
def test_lloyds_steps_have_come_to_rest(kind: str, count: int) -> None:
    x = drawn(kind)
    labels, centers = (each.numpy() for each in k_means(torch.from_numpy(x), count))
    assert sorted(set(labels.tolist())) == list(range(len(centers))) == list(range(count))
    np.testing.assert_allclose(centers, [own.mean(axis=0) for own in parts(x, labels)], rtol=1e-9)
    further = sum_of_squares(x, lloyd(x, centers))
    assert 0.999 * sum_of_squares(x, labels) <= further <= sum_of_squares(x, labels) + 1e-9


@pytest.mark.long
@walked
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_of_few_points_no_clusters_are_tighter(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    x = 9 * np.eye(3)[rng.permutation(8) % count] + rng.normal(size=(8, 3))
    best = min(sum_of_squares(x, np.array(each)) for each in product(range(count), repeat=8))
    found = sum_of_squares(x, k_means(torch.from_numpy(x), count).labels.numpy())
    assert found == pytest.approx(best)


def test_blobs_are_found_and_centers_are_their_means() -> None:
    points = blobs(4, 25)
    labels, centers = k_means(points, 4)
    assert labels.reshape(4, 25).unique(dim=1).shape == (4, 1)
    means = points.reshape(4, 25, 8).mean(dim=1)
    assert torch.allclose(centers[labels[::25]], means, atol=1e-5)


@pytest.mark.parametrize("mini_batch", [False, True])
def test_each_point_is_with_its_nearest_center(mini_batch: bool) -> None:
    points = blobs(6, 40)
    labels, centers = k_means(points, 6, mini_batch=mini_batch)
    assert torch.equal(torch.cdist(points, centers).argmin(dim=1), labels)
    assert len(centers) == 6


@pytest.mark.parametrize("mini_batch", [False, True])
def test_the_order_of_the_points_does_not_matter(mini_batch: bool) -> None:
    points = torch.randn(300, 3, generator=torch.Generator().manual_seed(1)).repeat(2, 1)
    order = torch.randperm(600, generator=torch.Generator().manual_seed(2))
    labels, centers = k_means(points, 20, seed=3, mini_batch=mini_batch)
    other, shuffled = k_means(points[order], 20, seed=3, mini_batch=mini_batch)
    assert torch.equal(labels[order], other)
    assert torch.equal(centers, shuffled)
    assert torch.equal(labels[:300], labels[300:])


def test_another_seed_may_cluster_otherwise() -> None:
    points = torch.randn(300, 3, generator=torch.Generator().manual_seed(1))
    first = k_means(points, 20, seed=0).centers
    assert torch.equal(first, k_means(points, 20, seed=0).centers)
    assert not torch.equal(first, k_means(points, 20, seed=1).centers)


@pytest.mark.parametrize("copies, count", [(1, 3), (1, 9), (4, 3), (4, 50)])
def test_no_more_distinct_points_than_clusters(copies: int, count: int) -> None:
    points = torch.tensor([[2.0, 0], [0, 1], [-0.0, 1]]).repeat(copies, 1)
    labels, centers = k_means(points, count)
    assert len(centers) == 2  # 0 and -0 are equal
    assert torch.equal(centers[labels], points)


def test_points_that_differ_by_less_than_a_rounding_error() -> None:
    near = 1e-9 * torch.arange(12.0)[:, None].expand(12, 4)
    points = torch.cat([near, torch.full((1, 4), -1000.0)])
    labels, centers = k_means(points, 8)
    assert set(labels.tolist()) == set(range(len(centers)))
    assert len(centers) <= 8


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_the_scale_does_not_matter(factor: float) -> None:
    points = blobs(4, 10)
    assert torch.equal(k_means(points * factor, 4).labels, k_means(points, 4).labels)


def test_copies_weigh_as_much_as_they_are_many() -> None:
    few, many = torch.tensor([0.0, 2, 5])[:, None], torch.tensor([10, 10, 1])
    assert k_means(few, 2).labels.tolist() in ([0, 0, 1], [1, 1, 0])
    labels, centers = k_means(few.repeat_interleave(many, dim=0), 2)
    assert centers[labels][[0, 10, 20], 0].tolist() == pytest.approx([0, 25 / 11, 25 / 11])


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_dtypes(dtype: torch.dtype) -> None:
    centers = k_means(blobs(2, 9).to(dtype), 2).centers
    assert centers.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@walked
@pytest.mark.parametrize(
    "points, count, named",
    [
        (torch.zeros(0, 3), 2, "points"),
        (torch.zeros(3, 0), 2, "points"),
        (torch.zeros(3), 2, "points"),
        (torch.tensor([[0.0], [float("nan")]]), 1, "row 1"),
        (torch.zeros(3, 2), 0, "count"),
        (torch.zeros(3, 2), 2.0, "count"),
    ],
)
def test_what_cannot_be_is_refused(points: Tensor, count: Any, named: str) -> None:
    with pytest.raises(ArgumentError, match=named):
        k_means(points, count)


def test_thread_pools_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    k_means(torch.rand(20, 3), 2)

    def again() -> None:
        raise AssertionError("thread pools are looked for again")

    monkeypatch.setattr("threadpoolctl.ThreadpoolController", again)
    monkeypatch.setattr("threadpoolctl.threadpool_limits", again)
    assert len(k_means(torch.rand(20, 3), 2).centers) == 2
