"""K-means that depends on the points alone."""

from typing import Any

import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional.k_means import k_means


def blobs(count: int, size: int, seed: int = 0, spread: float = 0.1) -> Tensor:
    """Points around the corners of a simplex, blob after blob."""
    noise = torch.randn(count * size, 8, generator=torch.Generator().manual_seed(seed))
    return 5 * torch.eye(8)[:count].repeat_interleave(size, dim=0) + spread * noise


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
