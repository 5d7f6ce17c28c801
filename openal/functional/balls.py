"""Which directions are near each other: a fast matrix product proposes, float64 decides."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from openal.functional.cosines import Directions, directions
from openal.functional.rows import float_dtype, piece_size, row_sums, unit_rows

__all__ = ["SLACK", "apart", "in_blocks", "measured", "nearness", "within"]

SLACK = 1e-9
"""Half squared distances this near to the limit are within it: ties are no rounding errors."""

BLOCK_ELEMENTS = 2**21  # of the table of pairs that is held at a time


def measured(rows: Tensor) -> Directions:
    """The directions of rows, with units that suit products of the given precision."""
    exact = torch.get_float32_matmul_precision() == "highest"
    return directions(rows, float_dtype(rows) if exact else torch.float64)


def in_blocks(left: Directions, columns: int) -> Iterator[tuple[slice, Directions]]:
    """Runs of rows whose table of pairs with so many columns is held at a time."""
    n, size = len(left.rows), max(1, BLOCK_ELEMENTS // max(1, columns))
    for start in range(0, n, size):
        block = slice(start, min(start + size, n))
        yield block, Directions(left.rows[block], left.lengths[block], left.units[block])


def within(left: Directions, right: Directions, radius: float) -> Tensor:
    """Whether each left direction is within `radius` of each right one, bool [n, m].

    Exact and symmetric: pairs that the product cannot tell apart from the limit are measured
    again in float64. A row of zeros is at distance 1 of all others, and 0 of its copies.
    """
    limit = min(radius, 3.0) ** 2 / 2  # of half the squared distance
    near, edge = nearness(left, right), _halves(left)[:, None] - limit
    tolerance = 4 * math.sqrt(left.units.shape[1]) * torch.finfo(near.dtype).eps + 10 * SLACK
    inside = near >= edge + tolerance
    doubtful = (near >= edge - tolerance) ^ inside
    rows, columns = doubtful.nonzero(as_tuple=True)
    inside[rows, columns] = apart(left, right, rows, columns) <= math.sqrt(2 * (limit + SLACK))
    return inside


def nearness(left: Directions, right: Directions) -> Tensor:
    """What is larger for a nearer right direction [n, m]: the cosine, less half its squared length.

    That is half the squared length of the left one minus half the squared distance.
    """
    return torch.addmm(_halves(right), left.units, right.units.T, beta=-1)


def apart(left: Directions, right: Directions, rows: Tensor, columns: Tensor) -> Tensor:
    """The distances of pairs [P] of directions, in float64."""
    pieces = zip(rows.split(size := piece_size(left.rows)), columns.split(size), strict=True)
    squares = [
        row_sums((unit_rows(left.rows[a]) - unit_rows(right.rows[b])).square()) for a, b in pieces
    ]
    return torch.cat(squares).sqrt()


def _halves(points: Directions) -> Tensor:
    """Half the squared length of each direction [n]: one half, or 0 for a row of zeros."""
    return (points.lengths > 0).to(points.units) / 2
