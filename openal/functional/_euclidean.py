"""Exact Euclidean distances of few pairs, and bounds that tell which pairs matter."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from typing import NamedTuple, final

import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional._rows import float_dtype, largest_size, piece_size, row_sums

__all__ = ["Located", "PivotGroups", "Space", "at_most", "check_places", "nearer", "products"]

LOST_BITS = 13  # 53 - 13 = 40 bits are left: sums of float64 cannot tell nearer numbers apart
SPLITTER = 2.0**LOST_BITS + 1  # Veltkamp's and Dekker's constant, which splits off the low bits
BOUND_ELEMENTS = 2**20  # of the bounds that are held at a time


class Located(NamedTuple):
    """Some points, as exact distances need them and as matrix products do."""

    points: Tensor  # [n, D] as they came
    moved: Tensor  # [n, D] scaled and centered, float32 or float64
    squares: Tensor  # [n] squared lengths of `moved`, less what rounding may add

    def at(self, rows: Tensor | slice) -> "Located":
        """The same at some rows."""
        return Located(self.points[rows], self.moved[rows], self.squares[rows])


@final
@dataclass(frozen=True, eq=False)
class Space:
    """Where points lie: about the mean [D] of all, when scaled by a power of two.

    Products of scaled and centered points neither overflow nor cancel more than they must. The
    distances are those of the points as they are, times the scale.
    """

    mean: Tensor  # [D] float64
    scale: float
    dtype: torch.dtype  # of the products

    @classmethod
    def of(cls, points: Tensor, centers: Tensor) -> "Space":
        """The space of points [N, D] and centers [m, D]; refuses a NaN or an infinity."""
        largest = max(largest_size(points, "points"), largest_size(centers, "centers"))
        scale = 2.0 ** min(100, -math.frexp(largest)[1])
        total = torch.zeros(points.shape[1], dtype=torch.float64, device=points.device)
        for some in points.split(piece_size(points)):
            total += (some.double() * scale).sum(dim=0)
        space = cls(total / max(1, len(points)), scale, float_dtype(points))
        return space if space._trusts(points[:512]) else cls(space.mean, scale, torch.float64)

    def locate(self, points: Tensor) -> Located:
        """Some points [n, D] of the space."""
        moved = points.to(self.dtype, copy=True).mul_(self.scale).sub_(self.mean.to(self.dtype))
        tiny = torch.finfo(self.dtype).tiny * 4 * moved.shape[1]
        shrink = 1 - _slack(moved.shape[1], self.dtype)
        squares = torch.cat([some.square().sum(dim=1) for some in moved.split(piece_size(moved))])
        return Located(points, moved, squares * shrink - tiny)

    def from_mean(self, points: Tensor) -> Tensor:
        """The squared distances [n] of some points from the mean of all."""
        return self._squared(points, self.mean.expand(len(points), -1), 1.0)

    def squared_distances(self, points: Tensor, others: Tensor) -> Tensor:
        """Squared distances [n] of pairs of rows, float64, to 40 bits.

        Equal pairs have equal bits, in any block and thread; a point is at 0 from its copy.
        """
        return self._squared(points, others, self.scale)

    def distances_among(self, points: Located) -> Callable[[int], Tensor]:
        """The squared distances [n] of points from the one in a row: `squared_distances`."""
        exact = points.points.double() * self.scale
        return lambda row: _rounded(row_sums((exact - exact[row]).square_()))

    def _squared(self, points: Tensor, others: Tensor, scale: float) -> Tensor:
        size, squares = piece_size(points), []
        for x, y in zip(points.split(size), others.split(size), strict=True):
            squares.append(row_sums((x.double() * self.scale - y.double() * scale).square_()))
        return _rounded(torch.cat(squares))

    def _trusts(self, points: Tensor) -> bool:
        """Whether products keep to their bounds; in TF32, or under autocast, they do not."""
        moved = self.locate(points).moved
        error = (moved @ moved.T).double() - moved.double() @ moved.double().T
        lengths = moved.double().square().sum(dim=1)
        allowed = _slack(points.shape[1], self.dtype) * (lengths[:, None] + lengths) / 4
        return not (error.abs() > allowed + torch.finfo(self.dtype).tiny).any()


def check_places(points: Tensor, centers: Tensor) -> None:
    """Refuses points and centers that do not lie in one space."""
    if points.ndim != 2 or centers.ndim != 2 or points.shape[1:] != centers.shape[1:]:
        shapes = f"got {tuple(points.shape)} and {tuple(centers.shape)}"
        raise ArrayError(f"points and centers must be (N, D) and (m, D), {shapes}.")
    if points.device != centers.device:
        devices = f"{points.device} and {centers.device}"
        raise ArrayError(f"points and centers must be on one device, got {devices}.")


def products(moved: Tensor, centers: Located) -> Tensor:
    """Squared distances [n, m], at most, less the squared lengths of `moved` [n, D]."""
    return torch.addmm(centers.squares, moved, centers.moved.T, alpha=-2)


def at_most(least: Tensor, points: Located, centers: Located) -> Tensor:
    """Upper bounds [n], float64, of squared distances of which products say `least` [n]."""
    width, dtype = points.moved.shape[1], points.moved.dtype
    sizes = points.squares + centers.squares.max() + 16 * width * torch.finfo(dtype).tiny
    return (least + points.squares + 3 * _slack(width, dtype) * sizes).double()


def nearer(space: Space, points: Located, centers: Located, nearest: Tensor) -> None:
    """Lowers `nearest` [n], squared distances to some centers, to those to more centers.

    A bound is computed for every pair, by matrix products; the distance itself only for pairs
    whose bound is below what is known.
    """
    size = max(1, BOUND_ELEMENTS // max(1, len(centers.squares)))
    for start in range(0, len(nearest), size):
        rows = slice(start, start + size)
        some, known = points.at(rows), nearest[rows]
        bound = products(some.moved, centers)
        below, best = bound.min(dim=1)
        row = (below < _room(known, some)).nonzero()[:, 0]
        column = best[row]
        _settle(space, some.points, centers.points, known, row, column)
        bound[row, column] = torch.inf
        if len(row) and bound.shape[1] > 1:
            possible = bound[row] < _room(known, some)[row, None]
            at, column = possible.nonzero().unbind(dim=1)
            _settle(space, some.points, centers.points, known, row[at], column)


def _room(known: Tensor, points: Located) -> Tensor:
    """What a bound must be below to matter; nothing is nearer than a copy."""
    return torch.where(known > 0, known, -torch.inf).to(points.squares.dtype) - points.squares


def _settle(
    space: Space, points: Tensor, centers: Tensor, nearest: Tensor, rows: Tensor, columns: Tensor
) -> None:
    size = piece_size(points)
    for row, column in zip(rows.split(size), columns.split(size), strict=True):
        squares = space.squared_distances(points[row], centers[column])
        nearest.scatter_reduce_(0, row, squares, "amin")


def _slack(width: int, dtype: torch.dtype) -> float:
    """How much |x|^2 + |c|^2 - 2 x.c may err, as a share of |x|^2 + |c|^2.

    Rounding errors of a sum of D products grow as sqrt(D) but with a probability below 1e-13 per
    sum (Higham and Mary 2019, with lambda = 8). The last term is the rounding to 40 bits.
    """
    return (8 * math.sqrt(width) + 16) * torch.finfo(dtype).eps + 2.0**-38


def _rounded(values: Tensor) -> Tensor:
    """The values to 40 bits, so that distances that are equal but for rounding errors are equal."""
    large = values * SPLITTER
    return large - (large - values)


@final
@dataclass(frozen=True, eq=False)
class PivotGroups:
    """The square root of m pivots, which are centers, and the centers nearest to each of them."""

    centers: Located
    pivots: Located
    members: tuple[Located, ...]  # of each group, its pivot among them

    @classmethod
    def of(cls, centers: Located) -> "PivotGroups":
        """The groups of centers [m], m > 0."""
        m = len(centers.squares)
        places = torch.arange(0, m, max(1, isqrt(m)), device=centers.moved.device)
        pivots = centers.at(places)
        group = products(centers.moved, pivots).argmin(dim=1)
        group[places] = torch.arange(len(places), device=group.device)
        ordered, ends = centers.at(group.argsort(stable=True)), torch.bincount(group).cumsum(0)
        members = (ordered.at(slice(*borders)) for borders in pairwise([0, *ends.tolist()]))
        return cls(centers, pivots, tuple(members))

    def __len__(self) -> int:
        return len(self.members)

    def bounds(self, points: Located, count: int) -> Tensor:
        """Upper bounds [n], float64, of the squared distances to the nearest center.

        They are those to the pivots and to the centers in the groups of the `count` nearest pivots.
        """
        to_pivots = products(points.moved, self.pivots)
        least = to_pivots.amin(dim=1)
        for nearest in to_pivots.topk(count, largest=False).indices.unbind(dim=1):
            order = nearest.argsort()
            sizes = torch.bincount(nearest, minlength=len(self)).tolist()
            visitors = zip(
                points.moved.index_select(0, order).split(sizes), self.members, strict=True
            )
            smallest = [
                products(moved, members).amin(dim=1) for moved, members in visitors if len(moved)
            ]
            least[order] = least[order].minimum(torch.cat(smallest))
        return at_most(least, points, self.centers)
