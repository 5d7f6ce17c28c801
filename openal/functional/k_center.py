"""The points that cover a pool best, one farthest point after another."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from openal.checks import as_count
from openal.functional.distances import Located, Space, check_places, nearer
from openal.threads import one_thread

__all__ = ["k_center_greedy"]

STAGES = ((128, 2**40), (512, 16), (2048, 4), (2**40, 1))  # of how many rows see how many centers
ACTIVE, LARGEST = 512, 2**14  # points that compete at a time, at first and at most
FEW, MANY = 16, 64  # picks in a turn
PIECE = 512


def k_center_greedy(points: Tensor, centers: Tensor | None, budget: int) -> Tensor:
    """The points that are farthest from all centers, each of which becomes a center in turn.

    From points (N, D) and centers (m, D) to the rows (budget,), int64, in the order of picking;
    at most N. Distances are Euclidean and exact: float64, rounded to 40 bits; those that are equal
    then go to the lowest row. Copies of a center are picked last. Without centers (None, or no
    rows) the point farthest from the mean of all comes first. The result is the same for any
    number of threads.

    A distance is an upper bound of the distance to more centers. So only the points with the
    largest bounds compete, and the bounds of all others stay as they are until theirs are the
    largest. Memory beside the arguments: a few numbers per point, the centers, and some thousand
    points that compete.

    Sener and Savarese, Active Learning for Convolutional Neural Networks: A Core-Set Approach
    (ICLR 2018), algorithm 1; Gonzalez (1985).

    >>> points = torch.tensor([[0.0], [1.0], [7.0], [10.0]])
    >>> k_center_greedy(points, points[:1], budget=3)
    tensor([3, 2, 1])
    """
    points = torch.as_tensor(points).detach()
    budget = min(as_count(budget, "budget"), len(points))
    centers = points[:0] if centers is None else torch.as_tensor(centers).detach()
    check_places(points, centers)
    chosen = torch.empty(budget, dtype=torch.int64, device=points.device)
    with one_thread():
        space = Space.of(points, centers)
        pool = _Pool(points, space, _Centers(space, centers, budget))
        count = _begin(pool, chosen)
        while count < budget:
            count = _continue(pool, chosen, count)
    return chosen


@final
class _Centers:
    """The centers so far, with room for those to come."""

    def __init__(self, space: Space, given: Tensor, budget: int) -> None:
        step = max(1, len(given) // STAGES[0][0])
        spread = (torch.arange(len(given)) % step).argsort(stable=True).to(given.device)
        located = space.locate(given[spread])
        self.count = len(given)
        self._room = Located(*(torch.cat([x, x.new_empty(budget, *x.shape[1:])]) for x in located))

    def add(self, point: Located) -> None:
        """One more center: a point of one row."""
        for room, value in zip(self._room, point, strict=True):
            room[self.count] = value[0]
        self.count += 1

    def between(self, start: int, stop: int) -> Located:
        """The centers from one place to another, in the order in which points see them."""
        return self._room.at(slice(start, stop))


@final
@dataclass(eq=False)
class _Pool:
    """The points, and how far each can be from the nearest center."""

    points: Tensor
    space: Space
    centers: _Centers
    width: int = ACTIVE

    def __post_init__(self) -> None:
        size, device = len(self.points), self.points.device
        self.bound = torch.full((size,), torch.inf, dtype=torch.float64, device=device)
        self.seen = torch.zeros(size, dtype=torch.int64, device=device)  # how many centers

    def see(self, rows: Tensor, stop: int) -> None:
        """Makes the bounds of some points those of the first `stop` centers, or of more."""
        rows = rows[self.seen[rows] < stop]
        pieces = rows[self.seen[rows].argsort(stable=True)].split(PIECE) if len(rows) else ()
        for some in pieces:
            new = self.centers.between(int(self.seen[some[0]]), stop)
            bound = self.bound[some]
            nearer(self.space, self.space.locate(self.points[some]), new, bound)
            self.bound[some] = bound
        self.seen[rows] = stop

    def farthest(self) -> tuple[Tensor, tuple[float, int]]:
        """The rows with the largest bounds, ascending, and the best (bound, -row) of the others."""
        for stop, times in STAGES:
            rows = _largest(self.bound, self.width * times)
            self.see(rows, min(stop, self.centers.count))
        others = self.bound.index_fill(0, rows, -torch.inf)
        best = int(others.argmax())
        return rows, (float(others[best]), -best)


def _largest(values: Tensor, count: int) -> Tensor:
    """The rows of the largest values, ascending; of equal values the first."""
    if count >= len(values):
        return torch.arange(len(values), device=values.device)
    least = values.topk(count, sorted=False).values.min()
    rows = (values >= least).nonzero()[:, 0]
    return rows[values[rows].argsort(descending=True, stable=True)[:count].sort().values]


def _begin(pool: _Pool, chosen: Tensor) -> int:
    """Where there is no center, the first is chosen."""
    if pool.centers.count or not len(chosen):
        return 0
    far = pool.space.from_mean(pool.points).argmax()
    pool.centers.add(pool.space.locate(pool.points[far][None]))
    pool.see(torch.arange(len(pool.points), device=far.device), 1)
    pool.bound[far] = -torch.inf
    chosen[0] = far
    return 1


def _continue(pool: _Pool, chosen: Tensor, count: int) -> int:
    """Chooses among the points with the largest bounds, until another may be farther."""
    rows, other = pool.farthest()
    active = pool.space.locate(pool.points[rows])
    nearest, before = pool.bound[rows], count
    while count < min(len(chosen), before + MANY):
        best = int(nearest.argmax())
        row = int(rows[best])
        if (float(nearest[best]), -row) < other:
            break
        chosen[count] = row
        count += 1
        nearest[best] = -torch.inf
        new = active.at(slice(best, best + 1))
        pool.centers.add(new)
        nearer(pool.space, active, new, nearest)
    pool.bound[rows], pool.seen[rows] = nearest, pool.centers.count
    if count - before < FEW:
        pool.width *= 2
    elif count - before == MANY:
        pool.width = max(ACTIVE, pool.width // 2)
    return count
