"""Which directions are near each other: a fast matrix product proposes, float64 decides."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from openal.functional.cosines import Directions, directions
from openal.functional.rows import TINY, float_dtype, piece_size, row_sums

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
        yield block, left.at(block)


def within(left: Directions, right: Directions, radius: float) -> Tensor:
    """Whether each left direction is within `radius` of each right one, bool [n, m].

    Exact and symmetric: pairs that the product cannot tell apart from the limit are measured
    again in float64. A row of zeros is at distance 1 of all others, and 0 of its copies.
    """
    limit = min(radius, 3.0) ** 2 / 2  # of half the squared distance
    near, edge = nearness(left, right), _halves(left)[:, None] - limit
    tolerance = 4 * math.sqrt(left.units.shape[1]) * torch.finfo(near.dtype).eps + 10 * SLACK
    inside = _reaches(near, edge + tolerance)
    rows, columns = _places(_reaches(near, edge - tolerance) ^ inside)
    inside[rows, columns] = apart(left, right, rows, columns) <= math.sqrt(2 * (limit + SLACK))
    return inside


def nearness(left: Directions, right: Directions) -> Tensor:
    """What is larger for a nearer right direction [n, m]: the cosine, less half its squared length.

    That is half the squared length of the left one minus half the squared distance.
    """
    with torch.autocast(left.units.device.type, enabled=False):
        return torch.addmm(_halves(right), left.units, right.units.T, beta=-1)


def apart(left: Directions, right: Directions, rows: Tensor, columns: Tensor) -> Tensor:
    """The distances of pairs [P] of directions, in float64."""
    pieces = zip(rows.split(size := piece_size(left.rows)), columns.split(size), strict=True)
    squares = [row_sums((_wide(left, a) - _wide(right, b)).square()) for a, b in pieces]
    return torch.cat(squares).sqrt()


def _wide(points: Directions, places: Tensor) -> Tensor:
    """Some directions in float64 [P, D]."""
    rows = points.rows.index_select(0, places).double()
    return rows / points.lengths.index_select(0, places).clamp_min(TINY)[:, None]


def _reaches(values: Tensor, floor: Tensor) -> Tensor:
    """Whether numbers are at least so large; on a CPU by NumPy, in a fifth of the time."""
    if values.device.type != "cpu":
        return values >= floor
    return torch.from_numpy(values.numpy() >= floor.numpy())


def _places(mask: Tensor) -> tuple[Tensor, Tensor]:
    """The rows and columns [P] where a mask holds, likewise."""
    if mask.device.type != "cpu":
        return mask.nonzero(as_tuple=True)  # type: ignore[return-value]
    rows, columns = np.divmod(np.flatnonzero(mask.numpy()), max(1, mask.shape[1]))
    return torch.from_numpy(rows), torch.from_numpy(columns)


def _halves(points: Directions) -> Tensor:
    """Half the squared length of each direction [n]: one half, or 0 for a row of zeros."""
    return (points.lengths > 0).to(points.units) / 2
