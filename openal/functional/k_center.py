"""K-center greedy (Sener and Savarese, ICLR 2018): farthest point first, exact."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from openal._checks import as_count, as_tensor
from openal._threads import for_each, whole_parts
from openal.functional._euclidean import Located, PivotGroups, Space, check_places, nearer

__all__ = ["k_center_greedy"]

ACTIVE, MOST_ACTIVE = 1024, 2**14  # points that compete in a turn, at first and at most
FEW_NUMBERS = 2**18  # of the points that compete: then all distances cost less than their bounds
FEW_PICKS = 16  # in a turn: more points compete in the next
ALL = 2**40  # times the active: no pool is larger
LOOKS = ((1, ALL), (4, 8))  # groups of centers looked into, by so many times the active points
LOOK_ROWS, SETTLE_ROWS = 4096, 512  # points whose bounds, and whose distances, are taken at a time


@whole_parts()
def k_center_greedy(points: Tensor, centers: Tensor | None, budget: int) -> Tensor:
    """The points that are farthest from all centers, each of which becomes a center in turn.

    Distances are Euclidean and exact: float64, rounded to 40 bits; those that are equal then go to
    the lowest row. Copies of a center are picked last. Without centers the point farthest from the
    mean of all comes first. The result is the same for any number of threads.

    A distance to some centers is an upper bound of the distance to all. So every point looks at the
    centers that are likely to be near, those with the largest bounds at more of them, and only the
    points whose bounds are still the largest at all. Memory beside the arguments: a few numbers per
    point, two copies of the centers, and for each thread some thousand points.

    Args:
        points: (N, D).
        centers: (m, D), on the device of the points; None or no rows: there are none yet.
        budget: how many points to pick, at least 0; at most N are.

    Returns:
        (min(budget, N),), int64, rows in the order of picking.

    Raises:
        ArrayError: points and centers that are not (N, D) and (m, D) on one device, or not finite;
            the message names the argument and the first bad row.
        ArgumentError: a `budget` that is no integer of at least 0.

    Reference: Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set
    Approach", ICLR 2018, algorithm 1; Gonzalez, "Clustering to Minimize the Maximum Intercluster
    Distance", 1985.

    >>> points = torch.tensor([[0.0], [1.0], [7.0], [10.0]])
    >>> k_center_greedy(points, points[:1], budget=3)
    tensor([3, 2, 1])
    """
    points = as_tensor(points, "points")
    budget = as_count(budget, "budget")
    centers = points[:0] if centers is None else as_tensor(centers, "centers")
    check_places(points, centers)
    budget = min(budget, len(points))
    chosen = torch.empty(budget, dtype=torch.int64, device=points.device)
    space = Space.of(points, centers)
    both = torch.promote_types(points.dtype, centers.dtype)
    bounds = _Bounds(points, space, _Centers(space, centers.to(both), budget), ACTIVE)
    count = _begin(bounds, chosen)
    while count < budget:
        count = _continue(bounds, chosen, count)
    return chosen


@final
class _Centers:
    """The centers so far, with room for those to come."""

    def __init__(self, space: Space, given: Tensor, budget: int) -> None:
        located = space.locate(given)  # in a type that holds those to come as they are
        self.count = len(given)
        self.groups = PivotGroups.of(located) if len(given) else None
        self._room = Located(*(torch.cat([x, x.new_empty(budget, *x.shape[1:])]) for x in located))

    def add(self, points: Located) -> None:
        """More centers."""
        end = self.count + len(points.squares)
        for room, values in zip(self._room, points, strict=True):
            room[self.count : end] = values
        self.count = end

    def since(self, start: int) -> Located:
        """All but the first of the centers."""
        return self._room.at(slice(start, self.count))


@final
@dataclass(eq=False)
class _Bounds:
    """The points, and how far each can be from the nearest center."""

    points: Tensor
    space: Space
    centers: _Centers
    width: int  # how many points compete in a turn

    def __post_init__(self) -> None:
        size, device = len(self.points), self.points.device
        self.bound = torch.full((size,), torch.inf, dtype=torch.float64, device=device)
        self.looked = torch.zeros(size, dtype=torch.int64, device=device)  # into so many groups
        self.seen = torch.zeros_like(self.looked)  # so many centers: the bound is the distance

    def farthest(self) -> tuple[Tensor, tuple[float, int]]:
        """The rows that are farthest, ascending, and the best bound (value, -row) of the others."""
        rows = self._look_and_settle()
        while (self.seen[rows] < self.centers.count).any():
            rows = self._look_and_settle()
        others = self.bound.index_fill(0, rows, -torch.inf)
        best = int(others.argmax())
        return rows, (float(others[best]), -best)

    def _look_and_settle(self) -> Tensor:
        """The rows with the largest bounds, ascending, after those of more rows were lowered."""
        rows = torch.arange(len(self.points), device=self.bound.device)
        for groups, times in LOOKS:
            rows = rows[_largest(self.bound[rows], self.width * times)]
            self._look(rows, groups)
        self.settle(rows[_largest(self.bound[rows], self.width * 2)])
        return _largest(self.bound, self.width)

    def _look(self, rows: Tensor, count: int) -> None:
        """Lowers the bounds of the rows to those of the `count` nearest groups of centers."""
        groups = self.centers.groups
        if groups is None or count > len(groups) // 2:
            return

        def bound(some: Tensor) -> None:
            new = groups.bounds(self.space.locate(self.points[some]), count)
            self.bound[some] = self.bound[some].minimum(new)

        rows = rows[(self.looked[rows] < count) & (self.seen[rows] == 0)]
        if len(rows):
            for_each(rows.split(LOOK_ROWS), bound)
        self.looked[rows] = count

    def settle(self, rows: Tensor) -> None:
        """Makes the bounds of the rows their distances to the nearest of all centers."""
        rows = rows[self.seen[rows] < self.centers.count]
        self.bound[rows[self.seen[rows] == 0]] = torch.inf

        def settled(some: Tensor) -> None:
            new, nearest = self.centers.since(int(self.seen[some[0]])), self.bound[some]
            nearer(self.space, self.space.locate(self.points[some]), new, nearest)
            self.bound[some] = nearest

        if len(rows):  # the first of a piece has seen the fewest
            for_each(rows[self.seen[rows].argsort(stable=True)].split(SETTLE_ROWS), settled)
        self.seen[rows] = self.centers.count


def _largest(values: Tensor, count: int) -> Tensor:
    """The rows of the largest values, ascending; of equal values the first."""
    if count >= len(values):
        return torch.arange(len(values), device=values.device)
    least = values.topk(count, sorted=False).values.min()
    rows = (values >= least).nonzero()[:, 0]
    return rows[values[rows].argsort(descending=True, stable=True)[:count].sort().values]


def _begin(bounds: _Bounds, chosen: Tensor) -> int:
    """Where there is no center, the first is chosen."""
    if bounds.centers.count or not len(chosen):
        return 0
    far = bounds.space.from_mean(bounds.points).argmax()
    bounds.centers.add(bounds.space.locate(bounds.points[far][None]))
    bounds.settle(torch.arange(len(bounds.points), device=far.device))
    bounds.bound[far] = -torch.inf
    chosen[0] = far
    return 1


def _continue(bounds: _Bounds, chosen: Tensor, count: int) -> int:
    """Chooses among the points with the largest bounds, until another may be farther."""
    rows, other = bounds.farthest()
    active, names = bounds.space.locate(bounds.points[rows]), rows.tolist()
    nearest, picks = bounds.bound[rows], list[int]()
    lower = _lowering(bounds.space, active, nearest)
    while count + len(picks) < len(chosen):
        best = int(nearest.argmax())
        if (float(nearest[best]), -names[best]) < other:
            break
        picks.append(best)
        nearest[best] = -torch.inf
        lower(best)
    places = torch.tensor(picks, dtype=torch.int64, device=rows.device)
    bounds.centers.add(active.at(places))
    chosen[count : count + len(picks)] = rows[places]
    bounds.bound[rows], bounds.seen[rows] = nearest, bounds.centers.count
    if len(picks) < FEW_PICKS:  # ties, or distances of one size
        bounds.width = min(MOST_ACTIVE, bounds.width * 2)
    return count + len(picks)


def _lowering(space: Space, active: Located, nearest: Tensor) -> Callable[[int], object]:
    """What lowers `nearest` to the distances from the point in a row, where it is farther."""
    if active.points.numel() > FEW_NUMBERS:
        return lambda row: nearer(space, active, active.at(slice(row, row + 1)), nearest)
    distances = space.distances_among(active)
    return lambda row: torch.minimum(nearest, distances(row), out=nearest)
