"""Bounds of distances hold and are tight, and cells know the nearest center."""

import math

import pytest
import torch
from torch import Tensor

from openal.functional import _euclidean as distances
from openal.functional._euclidean import PivotGroups, Space, at_most, nearer, products
from tests.walking import walked

KINDS = ("plain", "far away", "tiny", "lattice", "double")


def drawn(kind: str, n: int = 60, m: int = 30) -> tuple[Tensor, Tensor]:
    x = torch.randn(n + m, 7, generator=torch.Generator().manual_seed(0))
    made = {
        "plain": x,
        "far away": x + 100,
        "tiny": 1e-30 * x,
        "lattice": x.round(),
        "double": 1e200 * x.double(),
    }[kind]
    return made[:n], made[n:]


def apart(space: Space, points: Tensor, centers: Tensor) -> Tensor:
    """Squared distances [n, m] when scaled, by differences."""
    x, c = points.double() * space.scale, centers.double() * space.scale
    return (x[:, None] - c).square().sum(dim=2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_space_is_scaled_by_a_power_of_two_and_centered(kind: str) -> None:
    points, centers = drawn(kind)
    space = Space.of(points, centers)
    largest = max(float(points.abs().max()), float(centers.abs().max()))
    assert math.frexp(space.scale)[0] == 0.5
    assert 0.5 <= largest * space.scale < 1
    scaled = points.double() * space.scale
    torch.testing.assert_close(space.mean, scaled.mean(dim=0))
    expected = (scaled - space.mean).square().sum(dim=1)
    torch.testing.assert_close(space.from_mean(points), expected, rtol=1e-11, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_distances_of_pairs_are_exact(kind: str) -> None:
    points, centers = drawn(kind)
    space = Space.of(points, centers)
    found = space.squared_distances(points[:30], centers)
    expected = apart(space, points[:30], centers).diagonal()
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=0)
    assert (space.squared_distances(points, points.clone()) == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_hold_and_are_tight(kind: str) -> None:
    points, centers = drawn(kind)
    space = Space.of(points, centers)
    some, others = space.locate(points), space.locate(centers)
    true, said = apart(space, points, centers), products(some.moved, others)
    sizes = some.squares[:, None] + others.squares
    loose = 64 * 3 * torch.finfo(space.dtype).eps * sizes.double() + 1e-10
    low = (said + some.squares[:, None]).double()
    assert (low <= true).all()
    assert (low >= true - loose).all()
    high = at_most(said.amin(dim=1), some, others)
    assert (high >= true.amin(dim=1)).all()
    assert (high <= true.amin(dim=1) + 2 * loose.amax(dim=1)).all()


@pytest.mark.long
@walked
@pytest.mark.parametrize("elements", [1, 100, 2**20])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_falls_to_the_nearest_of_all(
    monkeypatch: pytest.MonkeyPatch, kind: str, elements: int
) -> None:
    monkeypatch.setattr(distances, "BOUND_ELEMENTS", elements)
    points, centers = drawn(kind)
    space = Space.of(points, centers)
    known = torch.full((60,), torch.inf, dtype=torch.float64)
    for some in (centers[:1], centers[1:20], centers[20:]):
        nearer(space, space.locate(points), space.locate(some), known)
    pairs = [space.squared_distances(points, each.expand(60, -1)) for each in centers]
    assert torch.equal(known, torch.stack(pairs).amin(dim=0))


@pytest.mark.parametrize("m", [1, 2, 3, 10, 30])
def test_a_center_is_in_the_cell_of_its_nearest_pivot(m: int) -> None:
    points, centers = drawn("plain", m=m)
    space = Space.of(points, centers)
    cells = PivotGroups.of(space.locate(centers))
    pivots = centers[:: math.isqrt(m)]
    assert torch.equal(cells.pivots.points, pivots)
    assert len(cells) == len(pivots)
    nearest = apart(space, centers, pivots).argmin(dim=1)
    for cell, members in enumerate(cells.members):
        assert torch.equal(members.points, centers[nearest == cell])


@walked
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 6])
def test_bounds_are_the_nearest_in_the_nearest_cells(kind: str, count: int) -> None:
    points, centers = drawn(kind)
    space = Space.of(points, centers)
    cells, true = PivotGroups.of(space.locate(centers)), apart(space, points, centers)
    to_pivots = apart(space, points, cells.pivots.points)
    least = to_pivots.amin(dim=1)
    for cell in to_pivots.argsort(dim=1)[:, :count].T:
        inside = [cells.members[each].points for each in cell.tolist()]
        found = [apart(space, x[None], own).amin() for x, own in zip(points, inside, strict=True)]
        least = torch.minimum(least, torch.stack(found))
    bounds = cells.bounds(space.locate(points), count)
    assert (bounds >= true.amin(dim=1)).all()
    if kind != "lattice":  # where cells are equally near
        assert ((bounds - least).abs() <= 1e-3 * least.mean()).all()
    assert (bounds <= to_pivots.amin(dim=1) * (1 + 1e-3) + 1e-3 * least.mean()).all()
