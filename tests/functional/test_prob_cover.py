"""Greedy cover against sets of neighbors, and the radius against all balls."""

import sys
from math import sin
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional import _balls as balls
from openal.functional import _balls as kept_balls
from openal.functional import _balls as measured_balls
from openal.functional._balls import MeasuredBalls, PackedBalls, measured, within
from openal.functional.prob_cover import prob_cover, pure_radius
from tests.walking import walked

module = sys.modules[prob_cover.__module__]  # the package has a function of the same name


def apart(left: Tensor, right: Tensor) -> np.ndarray:
    """Distances of directions, rounded so that ties are ties."""
    a, b = left.double().numpy(), right.double().numpy()
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300) for x in (a, b))
    return np.round(np.linalg.norm(a[:, None] - b[None], axis=2), 8)


def by_hand(z: Tensor, answered: Tensor, budget: int, delta: float) -> list[tuple[int, int]]:
    """Sets of points: the largest new ball first, the lowest of equals."""
    near = apart(z, z) <= round(delta, 8)
    bare = set(range(len(z))) - set(np.flatnonzero((apart(z, answered) <= delta).any(axis=1)))
    chosen: list[tuple[int, int]] = []
    while bare and len(chosen) < budget:
        gains = [len(bare & set(np.flatnonzero(row))) for row in near]
        best = int(np.argmax(gains))
        chosen.append((best, gains[best]))
        bare -= set(np.flatnonzero(near[best]))
    return chosen


oracle_of_prob_cover = by_hand


def drawn(seed: int, kind: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(90, 4, generator=generator)
    if kind == "clusters":
        z = torch.eye(4)[torch.randint(4, (90,), generator=generator)] + 0.2 * z
    if kind == "lattice":
        z = z.round().clamp(-1, 1)  # ties, copies and zeros
    if kind == "copies":
        z = z[torch.arange(90) // 9]
    return z[:80], z[80 : 80 + 5 * (seed % 3)]


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["plain", "clusters", "lattice", "copies"])
@pytest.mark.parametrize("delta", [0.0, 0.3, 0.7653668647301796, 1.0, 1.4142135623730951, 2.0])
@pytest.mark.parametrize("kept", [0, 2**28])
def test_the_cover_is_that_of_sets(
    monkeypatch: pytest.MonkeyPatch, seed: int, kind: str, delta: float, kept: int
) -> None:
    monkeypatch.setattr(module, "PACKED_BYTES", kept)
    z, answered = drawn(seed, kind)
    for budget in (1, 7, 200):
        centers, gains = prob_cover(z, answered, budget, delta=delta)
        found = list(zip(centers.tolist(), gains.tolist(), strict=True))
        assert found == by_hand(z, answered, budget, delta)


@pytest.mark.long
@walked
@pytest.mark.parametrize("elements", [1, 500])
@pytest.mark.parametrize("kept", [0, 2**28])
@pytest.mark.parametrize("seed", range(3))
def test_blocks_change_nothing(
    monkeypatch: pytest.MonkeyPatch, elements: int, kept: int, seed: int
) -> None:
    z, answered = drawn(seed, "clusters")
    whole, radius = prob_cover(z, answered, 20, delta=0.4), pure_radius(z, torch.arange(80) // 20)
    for part in (balls, kept_balls, measured_balls):
        monkeypatch.setattr(part, "BLOCK_ELEMENTS", elements)
    monkeypatch.setattr(module, "PACKED_BYTES", kept)
    assert prob_cover(z, answered, 20, delta=0.4).centers.tolist() == whole.centers.tolist()
    assert pure_radius(z, torch.arange(80) // 20) == pytest.approx(radius, abs=1e-6)


@pytest.mark.long
@walked
@pytest.mark.parametrize("kept", [0, 2**28])
@pytest.mark.parametrize("kind", ["plain", "clusters", "lattice", "copies"])
def test_threads_and_order_change_nothing(
    monkeypatch: pytest.MonkeyPatch, kept: int, kind: str
) -> None:
    monkeypatch.setattr(module, "PACKED_BYTES", kept)
    z, answered = drawn(2, kind)
    points, before, found = measured(z), torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(prob_cover(z, answered, 20, delta=0.5))
    finally:
        torch.set_num_threads(before)
    assert found[0].centers.equal(found[1].centers)
    order = torch.randperm(len(z), generator=torch.Generator().manual_seed(0))
    everything = torch.ones(len(z), dtype=torch.bool)
    counts = module._balls(points, 0.5).counts(everything)
    assert module._balls(points.at(order), 0.5).counts(everything).equal(counts[order])


@pytest.mark.long
@walked
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("n", [1, 8, 13, 300])
@pytest.mark.parametrize("radius", [1.2, 2.0])
def test_kept_and_measured_balls_hold_the_same(n: int, share: float, radius: float) -> None:
    generator = torch.Generator().manual_seed(n)
    z, among = torch.randn(n, 5, generator=generator), torch.rand(n, generator=generator) < share
    near = torch.from_numpy(apart(z, z) <= radius)
    for each in (PackedBalls.of(measured(z), radius), MeasuredBalls(measured(z), radius)):
        assert each.counts(among).equal(near[:, among].sum(dim=1, dtype=torch.int32))
        assert each.ball(torch.tensor(n - 1)).equal(near[-1])


def test_doubtful_pairs_are_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    z, answered = drawn(0, "plain")
    expected = prob_cover(z, answered, 20, delta=0.5).centers
    monkeypatch.setattr(balls, "SLACK", 1e-2)  # almost everything is doubtful now
    within_all = within(measured(z), measured(z), 0.5).numpy()
    assert np.array_equal(within_all, apart(z, z) ** 2 / 2 <= 0.125 + 1e-2)
    monkeypatch.undo()
    assert torch.equal(prob_cover(z, answered, 20, delta=0.5).centers, expected)


def test_lower_precision_of_products_changes_nothing() -> None:
    z, answered = drawn(0, "plain")
    expected = prob_cover(z, answered, 20, delta=0.5).centers
    torch.set_float32_matmul_precision("medium")
    try:
        assert measured(z).units.dtype == torch.float64
        assert torch.equal(prob_cover(z, answered, 20, delta=0.5).centers, expected)
    finally:
        torch.set_float32_matmul_precision("highest")


def test_nothing_to_cover() -> None:
    z = torch.eye(3)
    assert prob_cover(z, z, 3, delta=0.1).centers.tolist() == []
    assert prob_cover(z, None, 0, delta=0.1).centers.tolist() == []
    assert prob_cover(z[:0], None, 3, delta=0.1).gains.tolist() == []
    assert prob_cover(z, z[:0], 9, delta=0.1).centers.tolist() == [0, 1, 2]


@pytest.mark.parametrize("options", [{"delta": -0.1}, {"delta": float("nan")}, {"budget": -1}])
def test_what_cannot_be_is_refused(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        prob_cover(torch.eye(2), None, **{"budget": 1, "delta": 0.1, **options})


def pure_share(z: Tensor, labels: Tensor, delta: float) -> float:
    near = apart(z, z) <= delta
    return float(np.mean([len(set(labels[row].tolist())) == 1 for row in torch.tensor(near)]))


oracle_of_pure_radius = pure_share


@walked
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("purity", [1.0, 0.95, 0.5, 0.01])
def test_the_radius_is_the_largest_that_is_pure_enough(seed: int, purity: float) -> None:
    z, _ = drawn(seed, "clusters")
    labels = torch.randint(3, (80,), generator=torch.Generator().manual_seed(seed))
    radius = pure_radius(z, labels, purity=purity)
    assert pure_share(z, labels, radius * (1 - 1e-6)) >= purity - 1e-9
    assert pure_share(z, labels, radius * (1 + 1e-5)) < purity


def test_the_radius_of_some_balls_only() -> None:
    z = torch.tensor([[1.0, 0.0], [4.0, 3.0], [3.0, 4.0], [0.0, 1.0]])
    labels = torch.tensor([0, 0, 1, 1])
    assert pure_radius(z, labels, purity=1.0, rows=torch.tensor([0])) == pytest.approx(0.8**0.5)


def test_where_all_balls_are_pure_the_radius_holds_everything() -> None:
    assert pure_radius(torch.eye(3), torch.zeros(3, dtype=torch.int64)) == 2
    assert pure_radius(torch.eye(3), torch.arange(3), purity=0) == 2
    assert pure_radius(torch.zeros(3, 2), torch.tensor([0, 0, 1])) == 0
    with pytest.raises(ArgumentError, match="labels must be one for each of 3"):
        pure_radius(torch.eye(3), torch.arange(2))


@pytest.mark.parametrize("purity", [-0.1, 1.01, float("nan")])
def test_a_purity_is_a_share(purity: float) -> None:
    with pytest.raises(ArgumentError, match="purity"):
        pure_radius(torch.eye(2), torch.arange(2), purity=purity)


@walked
@pytest.mark.parametrize("gap", [3.0, 2.0, 1.7, 1.1, 0.9, 0.6, 0.1, 0.01, 0.001])
def test_a_small_ball_does_not_hold_its_stranger(gap: float) -> None:
    angle = torch.tensor([0.0, gap], dtype=torch.float64)
    z = torch.stack([angle.cos(), angle.sin()], dim=1)
    radius = pure_radius(z, torch.tensor([0, 1]))
    assert radius > 0.99 * 2 * sin(gap / 2)
    assert prob_cover(z, None, 2, delta=radius).gains.tolist() == [1, 1]


def test_under_autocast_nothing_changes() -> None:
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(0))
    expected = prob_cover(points, None, 5, delta=0.3)
    with torch.autocast("cpu", torch.bfloat16):
        found = prob_cover(points, None, 5, delta=0.3)
    assert torch.equal(found.centers, expected.centers)


def test_answered_of_another_type_and_of_another_width() -> None:
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(0))
    expected = prob_cover(points, points[:4], 5, delta=0.3)
    assert torch.equal(
        prob_cover(points, points[:4].double(), 5, delta=0.3).centers, expected.centers
    )
    with pytest.raises(ArrayError, match=r"answered must be \(M, 3\)"):
        prob_cover(points, points[:4, :2], 5, delta=0.3)
