"""Weighted k-means beside loops, and what its weights mean."""

from importlib import import_module

import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional import weighted_k_means
from openal.functional._nearest_centers import nearest_centers, squared_distances

Rows = list[list[float]]


def slow(points: Rows, weights: list[float], centers: Rows, steps: int) -> Rows:
    for _ in range(steps):
        gaps = [
            [sum((x - y) ** 2 for x, y in zip(p, c, strict=True)) for c in centers] for p in points
        ]
        owner = [row.index(min(row)) for row in gaps]
        moved = []
        for number, center in enumerate(centers):
            own = [(p, w) for p, w, o in zip(points, weights, owner, strict=True) if o == number]
            mass = sum(w for _, w in own)
            mean = [sum(p[d] * w for p, w in own) / (mass or 1.0) for d in range(len(center))]
            moved.append(mean if mass else center)
        centers = moved
    return centers


oracle_of_weighted_k_means = slow


def world(seed: int, n: int = 40) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, generator=generator), torch.rand(n, generator=generator)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("steps", [0, 1, 2, 10])
def test_the_centers_are_those_of_loops(seed: int, steps: int) -> None:
    points, weights = (each.double() for each in world(seed))
    weights[::5] = 0
    expected = slow(points.tolist(), weights.tolist(), points[:5].tolist(), steps)
    found = weighted_k_means(points, weights, points[:5], steps)
    assert found.flatten().tolist() == pytest.approx([x for row in expected for x in row])


def test_a_whole_weight_is_so_many_copies() -> None:
    points, _ = world(0)
    times = torch.arange(40) % 4
    copies = points.repeat_interleave(times, dim=0)
    found = weighted_k_means(points, times, points[:4])
    assert found.allclose(weighted_k_means(copies, torch.ones(len(copies)), points[:4]), atol=1e-5)


def test_a_center_without_weight_stays() -> None:
    points = torch.tensor([[0.0], [1.0], [9.0]])
    found = weighted_k_means(points, torch.tensor([1.0, 3.0, 0.0]), points[[0, 2]])
    assert found.tolist() == [[0.75], [9.0]]


def test_of_equally_near_centers_the_first_is_taken() -> None:
    owner = nearest_centers(torch.zeros(9, 2), torch.tensor([[3.0, 0], [0, 1], [1, 0]]))
    assert owner.tolist() == [1] * 9


def test_the_nearest_center_is_that_of_all_distances() -> None:
    points, _ = world(1, n=5000)
    owner = nearest_centers(points, points[:30])
    squared = squared_distances(points, points[:30], owner)
    distance = torch.cdist(points.double(), points[:30].double())
    assert owner.equal(distance.argmin(dim=1))
    assert squared.allclose(distance.amin(dim=1).square(), atol=1e-5)


@pytest.mark.parametrize("block_rows", [7, 100])
def test_it_goes_block_by_block(block_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    points, weights = world(2)
    whole = weighted_k_means(points.double(), weights, points[:6].double())
    for name in ("_nearest_centers", "weighted_k_means"):
        module = import_module(f"openal.functional.{name}")
        monkeypatch.setattr(module, "BLOCK_ROWS", block_rows)
    assert weighted_k_means(points.double(), weights, points[:6].double()).allclose(whole)


def test_the_number_of_threads_changes_no_bit() -> None:
    points, weights = world(3, n=9000)
    before, found = torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(weighted_k_means(points, weights, points[:50]))
    torch.set_num_threads(before)
    assert found[0].equal(found[1]) and found[0].equal(found[2])


def test_what_cannot_be_is_refused() -> None:
    points, weights = world(0)
    with pytest.raises(ArrayError, match="weights must be one for each of 40 rows, got 39"):
        weighted_k_means(points, weights[1:], points[:3])
    with pytest.raises(ArrayError, match="weights must be at least 0; row 2 is -1"):
        weighted_k_means(points, weights.index_fill(0, torch.tensor([2]), -1), points[:3])
    with pytest.raises(ArrayError, match=r"points and centers must be \(N, D\) and \(C, D\)"):
        weighted_k_means(points, weights, points[:3, :2])
    with pytest.raises(ArrayError, match="centers must hold at least one"):
        weighted_k_means(points, weights, points[:0])
    with pytest.raises(ArgumentError, match="steps must be"):
        weighted_k_means(points, weights, points[:3], -1)
