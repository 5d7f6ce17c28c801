"""First neighbors against a table of all cosines, and against `knn`."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from openal.functional import _first_neighbors as module
from openal.functional._first_neighbors import first_neighbors
from openal.functional.neighbors import knn
from tests.walking import walked


def by_table(points: Tensor) -> list[int]:
    """The lowest column of the largest cosine in float64, rounded so that ties are ties."""
    wide = points.double()
    units = wide / wide.norm(dim=1, keepdim=True).clamp_min(1e-300)
    cosines = (units @ units.T * 2**40).round().fill_diagonal_(-torch.inf)
    best = cosines.amax(dim=1, keepdim=True)
    columns = torch.arange(len(points)).expand_as(cosines)
    return torch.where(cosines == best, columns, len(points)).amin(dim=1).tolist()


def by_knn(points: Tensor) -> list[int]:
    pairs = knn(points, points, 2).indices.tolist()
    return [second if first == i else first for i, (first, second) in enumerate(pairs)]


def normal(seed: int, n: int, dim: int) -> Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed))


def picked(seed: int, n: int, among: int) -> Tensor:
    return torch.randint(among, (n,), generator=torch.Generator().manual_seed(seed))


def lengths(n: int) -> Tensor:
    return 1.0 + torch.arange(n)[:, None] % 4


CASES: dict[str, Callable[[int], Tensor]] = {
    "random": lambda seed: normal(seed, 700, 20),
    "many dimensions": lambda seed: normal(seed, 150, 600),
    "float64": lambda seed: normal(seed, 300, 9).double(),
    "clusters": lambda seed: normal(seed, 5, 8)[picked(seed, 400, 5)] + 0.1 * normal(9, 400, 8),
    "very near": lambda seed: normal(seed, 5, 8)[picked(seed, 300, 5)] + 1e-4 * normal(9, 300, 8),
    "copies": lambda seed: normal(seed, 60, 4)[picked(seed, 300, 60)],
    "pairs": lambda seed: normal(seed, 150, 6).repeat(2, 1),
    "other lengths": lambda seed: normal(seed, 90, 5).repeat(3, 1) * lengths(270),
    "one group": lambda seed: torch.cat([normal(seed, 128, 6) * x for x in (1, 1.1, 1.3, 0.7)]),
    "lattice": lambda seed: normal(seed, 300, 3).round(),
    "zeros": lambda seed: normal(seed, 200, 3) * (torch.arange(200) % 3 > 0)[:, None],
    "opposite": lambda seed: torch.tensor([[1.0, 0.0], [-1.0, 0.0]]),
    "two dimensions": lambda seed: normal(seed, 500, 2),
    "33": lambda seed: normal(seed, 33, 3),
}


@pytest.mark.long
@walked
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("elements", [1, 20_000, 2**22])
def test_the_nearest_other_is_that_of_a_table(
    monkeypatch: pytest.MonkeyPatch, case: str, elements: int
) -> None:
    monkeypatch.setattr(module, "BLOCK_ELEMENTS", elements)
    for seed in range(3):
        points = CASES[case](seed)
        found = first_neighbors(points).tolist()
        assert found == by_table(points)
        assert found == by_knn(points)


@pytest.mark.parametrize("case", ["random", "very near", "copies", "zeros"])
def test_two_threads_find_the_same(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.setattr(module, "BLOCK_ELEMENTS", 5_000)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(first_neighbors(CASES[case](7)))
    finally:
        torch.set_num_threads(before)
    assert found[0].equal(found[1])


@pytest.mark.parametrize("case", ["random", "clusters", "very near"])
def test_permuted_points_have_the_same_neighbors(case: str) -> None:
    points = CASES[case](3)
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
    assert order[first_neighbors(points[order])].equal(first_neighbors(points)[order])


def test_only_near_ties_are_left_to_knn(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(queries: Tensor, references: Tensor, k: int) -> object:
        asked.append(len(queries))
        return knn(queries, references, k)

    monkeypatch.setattr(module, "knn", counted)
    first_neighbors(normal(0, 300, 50))
    first_neighbors(torch.cat([normal(0, 300, 50), normal(0, 7, 50), normal(0, 7, 50)]))
    assert len(asked) == 1  # of the first points none
    assert 21 <= asked[0] < 50  # three copies of seven points, and whose nearest they are


def test_products_of_low_precision_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    points, exact = CASES["clusters"](1), torch.mm

    def rough(left: Tensor, right: Tensor, *, out: Tensor) -> Tensor:
        low = left.dtype == torch.float32
        return out.copy_(exact(left.bfloat16(), right.bfloat16()) if low else exact(left, right))

    monkeypatch.setattr(torch, "mm", rough)
    assert first_neighbors(points).tolist() == by_table(points)


def test_a_single_point_is_its_own_neighbor() -> None:
    assert first_neighbors(torch.ones(1, 3)).tolist() == [0]
    assert first_neighbors(torch.ones(0, 3)).tolist() == []
