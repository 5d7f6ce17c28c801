"""Farthest first, against the definition: every distance computed, in float64."""

from typing import Any

import pytest
import torch
from torch import Tensor

import openal.functional.k_center as module
from openal.errors import ArgumentError, ArrayError
from openal.functional import k_center_greedy
from tests.walking import walked


def brute_force(points: Tensor, centers: Tensor, budget: int) -> list[int]:
    x, chosen = points.double(), list[int]()
    start = centers.double() if len(centers) else x.mean(dim=0, keepdim=True)
    nearest = torch.stack([(x - c).square().sum(dim=1) for c in start]).amin(dim=0)
    while len(chosen) < budget:
        nearest[chosen] = -1
        best = int(nearest.argmax())
        apart = (x - x[best]).square().sum(dim=1)
        nearest = torch.minimum(nearest, apart) if chosen or len(centers) else apart
        chosen.append(best)
    return chosen


oracle_of_k_center_greedy = brute_force


def drawn(seed: int, kind: str) -> tuple[Tensor, Tensor]:
    """Points [n, D] and centers [m, D]; in every third pool there are no centers."""
    rng = torch.Generator().manual_seed(seed)
    n, width = (int(torch.randint(1, top, (), generator=rng)) for top in (300, 40))
    m = int(torch.randint(1, 30, (), generator=rng)) * (seed % 3 > 0)
    x = torch.randn(n, width, generator=rng)
    rows = torch.randint(n, (n + m,), generator=rng)
    made = {
        "random": lambda: torch.cat([x, torch.randn(m, width, generator=rng)]),
        "clustered": lambda: 5 * x[rows % 4 % n] + 1e-3 * torch.randn(n + m, width, generator=rng),
        "duplicated": lambda: x[rows // 3],
        "lattice": lambda: torch.randint(-1, 2, (n + m, width), generator=rng).float(),
        "far away": lambda: 1e4 + x[rows],
        "huge": lambda: 1e30 * x[rows].double(),
    }[kind]()
    return made[:n], made[n:]


@pytest.fixture(autouse=True, params=[0, module.FEW_NUMBERS], ids=["bounds first", "distances"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the distances of the points that compete."""
    monkeypatch.setattr(module, "FEW_NUMBERS", request.param)


KINDS = ("random", "clustered", "duplicated", "lattice", "far away", "huge")


@pytest.mark.long
@walked
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_equals_the_definition(seed: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    points, centers = drawn(seed, kind)
    expected = brute_force(points, centers, len(points))
    for active in (1, 7, 512):  # few compete: most points are looked at only in part
        monkeypatch.setattr(module, "ACTIVE", active)
        assert k_center_greedy(points, centers, len(points)).tolist() == expected


def test_fewer_points_compete_where_fewer_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above relies on: the number is read when the function is called."""
    points, centers = drawn(1, "random")
    turns = []
    one_turn = module._continue

    def counted(*arguments: Any) -> int:
        turns[-1] += 1
        return one_turn(*arguments)

    monkeypatch.setattr(module, "_continue", counted)
    for active in (1, 512):
        monkeypatch.setattr(module, "ACTIVE", active)
        turns.append(0)
        k_center_greedy(points, centers, len(points))
    assert turns[0] > turns[1] == 1


@pytest.mark.long
@pytest.mark.parametrize("active", [1, 2, 5, 16])
@pytest.mark.parametrize("budget", [7, 64, 100])
def test_ties_on_an_integer_grid_go_to_the_lowest_row(
    active: int, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACTIVE", active)
    side = torch.arange(10.0)
    points = torch.cartesian_prod(side, side)  # nearly every distance occurs many times
    for centers in (points[44:45], points[:0]):
        expected = brute_force(points, centers, budget)
        assert k_center_greedy(points, centers, budget).tolist() == expected


@pytest.mark.long
@walked
@pytest.mark.parametrize("kind", KINDS)
def test_permuted_pools_give_permuted_points(kind: str) -> None:
    points, centers = drawn(4, kind)
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
    found = k_center_greedy(points[order], centers, len(points))
    assert found.tolist() == brute_force(points[order], centers, len(points))
    first = k_center_greedy(points, centers, 5)
    assert torch.equal(points[order][found[:1]], points[first[:1]]) or kind == "lattice"


def test_many_centers_seen_in_stages() -> None:
    rng = torch.Generator().manual_seed(0)
    points, centers = torch.randn(900, 3, generator=rng), torch.randn(700, 3, generator=rng)
    expected = brute_force(points, centers, 300)
    assert k_center_greedy(points, centers, 300).tolist() == expected


def test_any_number_of_threads_gives_the_same() -> None:
    points, centers = drawn(1, "clustered")
    threads, found = torch.get_num_threads(), []
    for number in (1, 2):
        torch.set_num_threads(number)
        found.append(k_center_greedy(points, centers, len(points)).tolist())
        assert torch.get_num_threads() == number
    torch.set_num_threads(threads)
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", [1, 2, 4, 5])
def test_products_of_low_precision_decide_nothing(seed: int) -> None:
    points, centers = drawn(seed, "clustered")
    expected = brute_force(points, centers, len(points))
    with torch.autocast("cpu", torch.bfloat16):
        assert k_center_greedy(points, centers, len(points)).tolist() == expected


def test_distances_equal_but_for_rounding_are_ties() -> None:
    for start in range(9):  # on a circle about the center
        turns = start + torch.arange(9, dtype=torch.float64)
        points = torch.stack([turns.cos(), turns.sin()], dim=1)
        assert int(k_center_greedy(points, points.new_zeros(1, 2), 1)) == 0


def test_copies_of_a_center_come_last_in_their_order() -> None:
    points = torch.tensor([[3.0], [1.0], [3.0], [2.0], [1.0]])
    assert k_center_greedy(points, points[:1], 5).tolist() == [1, 3, 0, 2, 4]


def test_without_centers_it_starts_farthest_from_the_mean() -> None:
    points = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
    for centers in (None, points[:0]):
        assert k_center_greedy(points, centers, 3).tolist() == [3, 0, 2]


def test_half_precision_is_computed_in_single() -> None:
    points, centers = (each.half() for each in drawn(1, "random"))
    expected = k_center_greedy(points.float(), centers.float(), 20)
    assert torch.equal(k_center_greedy(points, centers, 20), expected)


@pytest.mark.parametrize("budget, found", [(0, 0), (3, 3), (9, 3)])
def test_at_most_all_points(budget: int, found: int) -> None:
    assert len(k_center_greedy(torch.zeros(3, 2), None, budget)) == found


def test_no_points() -> None:
    assert k_center_greedy(torch.zeros(0, 2), torch.zeros(1, 2), 3).tolist() == []


def test_nothing_is_changed() -> None:
    points, centers = drawn(1, "random")
    copies = points.clone(), centers.clone()
    k_center_greedy(points, centers, 20)
    assert torch.equal(points, copies[0])
    assert torch.equal(centers, copies[1])


@pytest.mark.parametrize(
    "points, centers, reason",
    [
        (torch.zeros(3), None, r"points and centers must be \(N, D\)"),
        (torch.zeros(3, 2), torch.zeros(1, 3), r"points and centers must be \(N, D\)"),
        (torch.tensor([[0.0], [torch.nan]]), None, "points must be finite; row 1"),
        (torch.zeros(3, 1), torch.tensor([[torch.inf]]), "centers must be finite; row 0"),
    ],
)
def test_what_is_refused(points: Tensor, centers: Any, reason: str) -> None:
    with pytest.raises(ArrayError, match=reason):
        k_center_greedy(points, centers, 1)


def test_a_budget_is_a_count() -> None:
    with pytest.raises(ArgumentError, match="budget"):
        k_center_greedy(torch.zeros(3, 1), None, -1)


@pytest.mark.parametrize("types", [(torch.float64, torch.float16), (torch.float32, torch.bfloat16)])
def test_centers_of_a_narrower_type(types: tuple[torch.dtype, torch.dtype]) -> None:
    points = torch.rand(400, 5, generator=torch.Generator().manual_seed(0), dtype=types[0])
    centers = points[:3].to(types[1])
    assert k_center_greedy(points, centers, 60).tolist() == brute_force(points, centers, 60)


def test_half_precision_points_are_widened_for_centers_that_are_wider() -> None:
    points = torch.rand(400, 5, generator=torch.Generator().manual_seed(0)).half()
    centers = torch.rand(3, 5, generator=torch.Generator().manual_seed(1))
    assert k_center_greedy(points, centers, 60).tolist() == brute_force(points, centers, 60)
