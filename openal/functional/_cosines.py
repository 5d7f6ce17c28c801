"""Exact cosine neighbors of one block: a fast matrix product proposes, float64 decides."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from openal.functional._rows import TINY, piece_size, row_lengths, row_sums, safe_squares

__all__ = [
    "Neighbors",
    "NormalizedRows",
    "best_pairs",
    "cosines_of",
    "nearest",
    "normalized_rows",
    "tolerance_of",
]

GRID = 2.0**-40  # cosines are multiples of this: float64 sums cannot tell nearer ones apart
ON_GRID = 1.5 * 2.0**52 * GRID  # float64 numbers near this are multiples of GRID
GROUPS = 12  # times k: into as many groups the products are cut, so that the k best seldom share


class Neighbors(NamedTuple):
    """The k nearest references of each query, best first.

    Attributes:
        similarity: (N, k), float32 or float64, the cosines.
        indices: (N, k), int64, rows of the references.
    """

    similarity: Tensor  # [N, k] float32 or float64
    indices: Tensor  # [N, k] int64


class NormalizedRows(NamedTuple):
    """Rows, their lengths, and the rows scaled to length one."""

    rows: Tensor  # [n, D] of any dtype
    lengths: Tensor  # [n] float64
    units: Tensor  # [n, D] float32 or float64, for matrix products

    def at(self, places: Tensor | slice) -> "NormalizedRows":
        """The same at some places; those of a slice are not copied."""
        return NormalizedRows(self.rows[places], self.lengths[places], self.units[places])


def normalized_rows(rows: Tensor, dtype: torch.dtype) -> NormalizedRows:
    """Rows with their lengths and units, these in `dtype`; a row of zeros stays as it is."""
    rows = safe_squares(rows)
    lengths = rows.new_empty(len(rows), dtype=torch.float64)
    units = rows.new_empty(rows.shape, dtype=dtype)
    size = piece_size(rows)
    for row, length, unit in zip(*(x.split(size) for x in (rows, lengths, units)), strict=True):
        length.copy_(row_lengths(row))
        unit.copy_(row.double() / length.clamp_min(TINY)[:, None])
    return NormalizedRows(rows, lengths, units)


def nearest(
    queries: NormalizedRows, known: NormalizedRows, k: int, floor: Tensor | None = None
) -> Neighbors:
    """The k rows of `known` with the largest cosines, for each of the queries.

    Cosines below `floor` [n] are of no use: those that are not looked at are -inf.
    """
    neighbors, trusted = _nearest(queries, known, k, floor)
    if not trusted and queries.units.dtype != torch.float64:
        queries, known = (normalized_rows(x.rows, torch.float64) for x in (queries, known))
        neighbors, _ = _nearest(queries, known, k, floor)
    return neighbors


def _nearest(
    queries: NormalizedRows, known: NormalizedRows, k: int, floor: Tensor | None
) -> tuple[Neighbors, bool]:
    """The nearest, and whether the matrix products can be trusted."""
    products = queries.units @ known.units.T
    tolerance = tolerance_of(queries.units)
    zero = queries.lengths == 0  # all cosines are 0
    rows, columns = _candidates(products, k, floor, tolerance, zero)
    cosines = cosines_of(queries, known, rows, columns)
    trusted = not ((products[rows, columns] - cosines).abs() > tolerance / 2).any()
    neighbors = best_pairs(rows, columns, cosines, len(products), k)
    neighbors.similarity[zero] = 0
    neighbors.indices[zero] = torch.arange(k, device=zero.device)
    return neighbors, trusted


def _candidates(
    products: Tensor, k: int, floor: Tensor | None, tolerance: float, zero: Tensor
) -> tuple[Tensor, Tensor]:
    """The pairs [P] that can be among the k best by cosine, by row and then by column.

    Queries in the mask `zero` [n], rows of zeros, have none.

    k products reach the k-th best product v, so k cosines reach v - tolerance, and a cosine that
    reaches this has a product of at least v - 2 tolerance. The k-th best of the largest products
    of groups of columns does for v: it is no larger, and seldom much smaller.
    """
    groups = max(1, products.shape[1] // max(1, products.shape[1] // (GROUPS * k)))
    largest = _largest(products, groups)
    cut = largest.topk(k, sorted=False).values.amin(dim=1) - 2 * tolerance
    if floor is not None:  # the best of each row tests whether the products can be trusted
        cut = cut.maximum(floor.to(cut) - tolerance).minimum(largest.amax(dim=1))
    cut[zero] = torch.inf
    rows, group = (largest >= cut[:, None]).nonzero().unbind(dim=1)
    columns = group[:, None] + torch.arange(0, products.shape[1], groups, device=group.device)
    columns = torch.where(columns < products.shape[1], columns, group[:, None])
    reaching = products[rows[:, None], columns] >= cut[rows, None]
    pairs = (rows[:, None] * products.shape[1] + columns)[reaching].unique()
    return pairs // products.shape[1], pairs % products.shape[1]


def _largest(products: Tensor, groups: int) -> Tensor:
    """The largest product [n, groups] of every so many-th column."""
    whole = products.shape[1] // groups * groups
    largest: Tensor = products[:, :whole].unflatten(1, (-1, groups)).amax(dim=1)
    rest = products[:, whole:]
    some = largest[:, : rest.shape[1]]
    torch.maximum(some, rest, out=some)
    return largest


def best_pairs(rows: Tensor, columns: Tensor, cosines: Tensor, n: int, k: int) -> Neighbors:
    """The k best of the columns that each row has, ascending; missing ones are -inf."""
    counts = torch.bincount(rows, minlength=n)
    width = max(k, int(counts.max()) if n else 0)
    places = torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]
    table = cosines.new_full((n, width), -torch.inf)
    table[rows, places] = cosines
    best, order = table.sort(dim=1, descending=True, stable=True)
    where = torch.zeros_like(order)
    where[rows, places] = columns
    return Neighbors(best[:, :k], where.gather(1, order[:, :k]))


def tolerance_of(units: Tensor) -> float:
    """At least the difference between a matrix product of units and their cosine on the grid.

    Rounding errors of a sum of D products grow as sqrt(D) but with a probability below 1e-13 per
    sum (Higham and Mary 2019, with lambda = 8); for D <= 64 they cannot be larger.
    """
    return 4 * math.sqrt(units.shape[1]) * torch.finfo(units.dtype).eps + GRID


def cosines_of(
    queries: NormalizedRows, known: NormalizedRows, rows: Tensor, columns: Tensor
) -> Tensor:
    """The cosines of pairs [P] in float64, on the grid."""
    size, wide = piece_size(queries.rows), queries.rows.double()
    dots = []
    for row, column in zip(rows.split(size), columns.split(size), strict=True):
        products = wide.index_select(0, row)
        products *= known.rows.index_select(0, column).double()
        dots.append(row_sums(products))
    lengths = queries.lengths.index_select(0, rows) * known.lengths.index_select(0, columns)
    return torch.cat(dots) / lengths.clamp_min(TINY) + ON_GRID - ON_GRID
