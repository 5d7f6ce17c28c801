"""FINCH against its definition in plain Python, and against small sets worked out by hand."""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ArrayError
from openal.functional.finch import cluster_means, finch, finch_clusters
from tests.walking import walked

GRID = 2**40


def cosine(a: list[float], b: list[float]) -> float:
    lengths = math.hypot(*a) * math.hypot(*b)
    return round(sum(map(float.__mul__, a, b)) / lengths * GRID) if lengths else 0


def neighbor(points: list[list[float]], i: int) -> int:
    others = [j for j in range(len(points)) if j != i]
    return max(others, key=lambda j: (cosine(points[i], points[j]), -j), default=i)


def components(points: list[list[float]]) -> list[set[int]]:
    """Sets of linked points by the adjacency matrix of the paper's eq. 1, lowest member first."""
    n = len(points)
    first = [neighbor(points, i) for i in range(n)]
    linked = [
        [first[i] == j or first[j] == i or first[i] == first[j] for j in range(n)] for i in range(n)
    ]
    sets: list[set[int]] = []
    for start in range(n):
        if not any(start in each for each in sets):
            found, queue = {start}, [start]
            while queue:
                row = linked[queue.pop()]
                new = {j for j in range(n) if row[j]} - found
                found |= new
                queue += new
            sets.append(found)
    return sets


def mean(points: list[list[float]], members: set[int]) -> list[float]:
    return [sum(points[i][d] for i in members) / len(members) for d in range(len(points[0]))]


def plain_finch(points: list[list[float]]) -> list[list[set[int]]]:
    """Each partition as sets of points, lowest member first."""
    clusters = [{i} for i in range(len(points))]
    partitions: list[list[set[int]]] = []
    while not partitions or len(clusters) > 1:
        groups = components([mean(points, each) for each in clusters])
        clusters = [set().union(*(clusters[i] for i in group)) for group in groups]
        partitions.append(sorted(clusters, key=min))
        clusters = partitions[-1]
    return partitions


oracle_of_finch = plain_finch


def plain_clusters(points: list[list[float]], count: int) -> list[set[int]]:
    """The coarsest partition with at least `count`, its closest pairs joined one by one."""
    partitions = plain_finch(points)
    clusters = [each for each in partitions if len(each) >= count] or partitions[:1]
    chosen = clusters[-1]
    while len(chosen) > count:
        means = [mean(points, each) for each in chosen]
        pairs = itertools.combinations(range(len(chosen)), 2)
        a, b = max(pairs, key=lambda ab: (cosine(means[ab[0]], means[ab[1]]), -ab[0], -ab[1]))
        chosen[a] |= chosen[b]
        del chosen[b]
    return sorted(chosen, key=min)


oracle_of_finch_clusters = plain_clusters


def as_labels(clusters: list[set[int]], n: int) -> list[int]:
    return [next(c for c, members in enumerate(clusters) if i in members) for i in range(n)]


def normal(seed: int, n: int, dim: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, dim, generator=generator, dtype=torch.float64)


def clustered(seed: int) -> Tensor:
    return normal(seed, 6, 5).repeat(8, 1) + 0.2 * normal(seed + 50, 48, 5)


CASES: dict[str, Callable[[int], Tensor]] = {
    "random": lambda seed: normal(seed, 41, 6),
    "flat": lambda seed: normal(seed, 30, 2),
    "in single precision": lambda seed: normal(seed, 35, 4).float(),
    "clustered": clustered,
    "every row twice": lambda seed: normal(seed, 15, 4).repeat_interleave(2, dim=0),
    "copies far apart": lambda seed: normal(seed, 12, 4).repeat(3, 1),
    "rows of zeros": lambda seed: normal(seed, 20, 3) * (torch.arange(20) % 4 > 0)[:, None],
    "right angles": lambda seed: torch.eye(9, dtype=torch.float64).repeat_interleave(2, dim=0),
    "two": lambda seed: normal(seed, 2, 3),
    "one": lambda seed: normal(seed, 1, 3),
}


@pytest.mark.long
@walked
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_partitions_are_those_of_the_definition(case: str, seed: int) -> None:
    points = CASES[case](seed)
    expected = [as_labels(each, len(points)) for each in plain_finch(points.tolist())]
    assert finch(points).T.tolist() == expected


@pytest.mark.long
@walked
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 100])
def test_any_number_of_clusters_is_that_of_the_definition(case: str, count: int) -> None:
    points = CASES[case](3)
    expected = as_labels(plain_clusters(points.tolist(), count), len(points))
    assert finch_clusters(points, count).tolist() == expected


def angles(*degrees: float) -> Tensor:
    return torch.tensor([[math.cos(math.radians(a)), math.sin(math.radians(a))] for a in degrees])


def test_chain_of_neighbors_worked_out_by_hand() -> None:
    # 0-1 and 9-11-14 degrees are chains; 50-51 stands alone, and is nearer to the second.
    points = angles(0, 9, 50, 1, 11, 51, 14)
    assert finch(points).T.tolist() == [[0, 1, 2, 0, 1, 2, 1], [0, 0, 0, 0, 0, 0, 0]]
    assert finch_clusters(points, 2).tolist() == [0, 0, 1, 0, 0, 1, 0]


def test_opposite_directions_are_far() -> None:
    points = torch.tensor([[1.0], [-1.0], [5.0], [-0.1]])
    assert finch(points).T.tolist() == [[0, 1, 0, 1], [0, 0, 0, 0]]


def test_more_clusters_than_the_finest_partition_has_give_the_finest() -> None:
    points = angles(0, 1, 90, 91)
    assert finch_clusters(points, 3).tolist() == [0, 0, 1, 1]


def test_no_points_are_one_partition_without_clusters() -> None:
    assert finch(torch.empty(0, 3)).shape == (0, 1)
    assert finch_clusters(torch.empty(0, 3), 2).shape == (0,)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
def test_equal_points_are_one_cluster(value: float) -> None:
    assert finch(torch.full((7, 3), value)).tolist() == [[0]] * 7


def same_clusters(a: Tensor, b: Tensor) -> bool:
    return bool(((a[:, None] == a) == (b[:, None] == b)).all())


@pytest.mark.parametrize("case", ["random", "clustered", "every row twice"])
def test_permuted_points_are_in_the_same_clusters(case: str) -> None:
    points = CASES[case](4)
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
    for before, after in zip(finch(points).T, finch(points[order]).T, strict=True):
        assert same_clusters(before[order], after)
    assert same_clusters(finch_clusters(points, 5)[order], finch_clusters(points[order], 5))


def test_clusters_are_numbered_by_their_lowest_member() -> None:
    for labels in (*finch(normal(5, 60, 4)).T, finch_clusters(normal(5, 60, 4), 4)):
        values = labels.tolist()
        assert list(dict.fromkeys(values)) == list(range(max(values) + 1))


def test_the_scale_does_not_matter() -> None:
    points = normal(6, 40, 4)
    for scale in (1e-300, 1e306):
        assert finch(scale * points).equal(finch(points))
        assert finch_clusters(scale * points, 3).equal(finch_clusters(points, 3))


def test_sums_of_the_largest_numbers_do_not_overflow() -> None:
    points = normal(6, 40, 4).abs()
    largest = points * (torch.finfo(torch.float64).max / points.max())
    assert finch(largest).equal(finch(points))
    assert finch_clusters(largest, 3).equal(finch_clusters(points, 3))


def test_joining_many_clusters_agrees_with_the_definition() -> None:
    points = normal(7, 150, 3)
    expected = as_labels(plain_clusters(points.tolist(), 14), 150)
    assert finch_clusters(points, 14).tolist() == expected


def test_means_are_of_each_cluster() -> None:
    means = cluster_means(
        torch.tensor([[1.0, 0.0], [4.0, 4.0], [3.0, 2.0]]), torch.tensor([0, 1, 0])
    )
    assert means.tolist() == [[2.0, 1.0], [4.0, 4.0]]
    assert means.dtype == torch.float32


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ArrayError, match="points must be finite; row 1"):
        finch(torch.tensor([[1.0], [math.nan]]))
    with pytest.raises(ArrayError, match="points must have 2 dimensions"):
        finch(torch.zeros(3))
    with pytest.raises(ArgumentError, match="count must be at least 1"):
        finch_clusters(torch.zeros(3, 1), 0)
