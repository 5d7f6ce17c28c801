"""Exact cosine neighbours of one block: a fast matrix product proposes, float64 decides."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from openal.functional.rows import TINY, piece_size, row_lengths, row_sums, safe_squares

__all__ = ["Directions", "Neighbors", "directions", "nearest"]

GRID = 2.0**-40  # cosines are multiples of this: float64 sums cannot tell nearer ones apart
ON_GRID = 1.5 * 2.0**52 * GRID  # float64 numbers near this are multiples of GRID
SPARE = 6  # candidates beyond k, so that near ties seldom need a second look


class Neighbors(NamedTuple):
    """The k nearest references of each query, best first."""

    similarity: Tensor  # [N, k] float32 or float64
    indices: Tensor  # [N, k] int64


class Directions(NamedTuple):
    """Rows, their lengths, and the rows scaled to length one."""

    rows: Tensor  # [n, D] of any dtype
    lengths: Tensor  # [n] float64
    units: Tensor  # [n, D] float32 or float64, for matrix products

    def at(self, places: Tensor) -> "Directions":
        """The same at some places."""
        return Directions(self.rows[places], self.lengths[places], self.units[places])


class _Candidates(NamedTuple):
    columns: Tensor  # [n, W] int64, ascending: equal cosines then stand in the order of the index
    products: Tensor  # [n, W]
    possible: Tensor  # [n, W] whether it can be among the k best


def directions(rows: Tensor, dtype: torch.dtype) -> Directions:
    """The directions of rows, with units in `dtype`; a row of zeros stays as it is."""
    rows = safe_squares(rows)
    lengths = rows.new_empty(len(rows), dtype=torch.float64)
    units = rows.new_empty(rows.shape, dtype=dtype)
    size = piece_size(rows)
    for row, length, unit in zip(*(x.split(size) for x in (rows, lengths, units)), strict=True):
        length.copy_(row_lengths(row))
        unit.copy_(row.double() / length.clamp_min(TINY)[:, None])
    return Directions(rows, lengths, units)


def nearest(
    queries: Directions, known: Directions, k: int, floor: Tensor | None = None
) -> Neighbors:
    """The k rows of `known` with the largest cosines, for each of the queries.

    Cosines below `floor` [n] are of no use: those that are not looked at are -inf.
    """
    found, trusted = _nearest(queries, known, k, floor)
    if not trusted and queries.units.dtype != torch.float64:
        precise = directions(queries.rows, torch.float64), directions(known.rows, torch.float64)
        found, _ = _nearest(*precise, k, floor)
    return found


def _nearest(
    queries: Directions, known: Directions, k: int, floor: Tensor | None
) -> tuple[Neighbors, bool]:
    """The nearest, and whether the matrix products can be trusted."""
    products = queries.units @ known.units.T
    if floor is None:
        return _best(products, queries, known, k, None)
    rows = _reaching(products, floor, _tolerance(queries.units))
    best, trusted = _best(products[rows], queries.at(rows), known, k, floor[rows])
    similarity = floor.new_full((len(products), k), -torch.inf)
    found = Neighbors(similarity, torch.zeros_like(similarity, dtype=torch.int64))
    found.similarity[rows], found.indices[rows] = best
    return found, trusted


def _best(
    products: Tensor, queries: Directions, known: Directions, k: int, floor: Tensor | None
) -> tuple[Neighbors, bool]:
    tolerance = _tolerance(queries.units)
    candidates = _candidates(products, k, k + SPARE, tolerance)
    if floor is not None:
        candidates = _above(floor, candidates, tolerance)
    found, trusted = _settle(candidates, queries, known, k, tolerance)
    zero = queries.lengths == 0
    crowded = (candidates.possible.all(dim=1) & ~zero).nonzero()[:, 0]
    if len(crowded) and candidates.columns.shape[1] < len(known.rows):
        again = _settle_crowded(products[crowded], queries.at(crowded), known, k, tolerance)
        found.similarity[crowded], found.indices[crowded] = again
    found.indices[zero] = torch.arange(k, device=zero.device)  # all cosines are 0
    return found, trusted


def _tolerance(units: Tensor) -> float:
    """At least the difference between a matrix product of units and their cosine on the grid.

    Rounding errors of a sum of D products grow as sqrt(D) but with a probability below 1e-13 per
    sum (Higham and Mary 2019, with lambda = 8); for D <= 64 they cannot be larger.
    """
    return 4 * math.sqrt(units.shape[1]) * torch.finfo(units.dtype).eps + GRID


def _candidates(products: Tensor, k: int, width: int, tolerance: float) -> _Candidates:
    """The `width` best by product, and which of them can be among the k best by cosine.

    k products reach the k-th best product v, so k cosines reach v - tolerance, and a cosine that
    reaches this has a product of at least v - 2 tolerance.
    """
    products, columns = products.topk(min(width, products.shape[1]))
    cut = products[:, k - 1 : k] - 2 * tolerance
    columns, order = columns.sort(dim=1)
    products = products.gather(1, order)
    return _Candidates(columns, products, products >= cut)


def _reaching(products: Tensor, floor: Tensor, tolerance: float) -> Tensor:
    """The queries of which some product can reach the floor, and one that may not.

    The cosines of that one tell whether the products can be trusted.
    """
    above = products.amax(dim=1) - (floor - tolerance)
    reaching = above >= 0
    reaching[above.topk(min(1, len(above))).indices] = True
    return reaching.nonzero()[:, 0]


def _above(floor: Tensor, candidates: _Candidates, tolerance: float) -> _Candidates:
    """Those that can reach the floor, and the best in any case: it tests the products."""
    columns, products, possible = candidates
    reaching = products >= floor[:, None] - tolerance
    best = products == products.amax(dim=1, keepdim=True)
    return _Candidates(columns, products, possible & (reaching | best))


def _settle(
    candidates: _Candidates, queries: Directions, known: Directions, k: int, tolerance: float
) -> tuple[Neighbors, bool]:
    """The k best by cosine, and whether the products kept well within their tolerance.

    They do not where matrix products run in TF32 or bfloat16.
    """
    columns, products, possible = candidates
    rows = possible.nonzero()[:, 0]
    cosines = _cosines(queries, known, rows, columns.masked_select(possible))
    errors = (products.masked_select(possible) - cosines).abs()
    table = torch.full_like(products, -torch.inf, dtype=torch.float64)
    best, order = table.masked_scatter_(possible, cosines).sort(dim=1, descending=True, stable=True)
    found = Neighbors(best[:, :k], columns.gather(1, order[:, :k]))
    return found, not (errors > tolerance / 2).any()


def _settle_crowded(
    products: Tensor, queries: Directions, known: Directions, k: int, tolerance: float
) -> Neighbors:
    """The k best where more references than usual are as near as the k-th best."""
    cut = products.topk(k).values[:, -1:] - 2 * tolerance
    width = int((products >= cut).sum(dim=1).amax())
    candidates = _candidates(products, k, width, tolerance)
    return _settle(candidates, queries, known, k, tolerance)[0]


def _cosines(queries: Directions, known: Directions, rows: Tensor, columns: Tensor) -> Tensor:
    """The cosines of pairs [P] in float64, on the grid."""
    size = piece_size(queries.rows)
    dots = []
    for row, column in zip(rows.split(size), columns.split(size), strict=True):
        products = queries.rows.index_select(0, row).double()
        products *= known.rows.index_select(0, column).double()
        dots.append(row_sums(products))
    lengths = queries.lengths.index_select(0, rows) * known.lengths.index_select(0, columns)
    return torch.cat(dots) / lengths.clamp_min(TINY) + ON_GRID - ON_GRID
