"""Exact cosine neighbors of one block: a fast matrix product proposes, float64 decides."""

import math
from typing import NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np
import torch
from torch import Tensor

from openal.functional._rows import TINY, piece_size, row_sums, safe_squares

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
WIDE_ELEMENTS = 2**20  # of float64 rows that are held for inner products
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
        wide = row.double()
        length.copy_(row_sums(wide.square()).sqrt_())
        unit.copy_(wide / length.clamp_min(TINY)[:, None])
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
    cut = _kth_largest(largest, k) - 2 * tolerance
    if floor is not None:  # the best of each row tests whether the products can be trusted
        cut = cut.maximum(floor.to(cut) - tolerance).minimum(largest.amax(dim=1))
    cut[zero] = torch.inf
    return _reaching(products, cut[:, None])


def _largest(products: Tensor, groups: int) -> Tensor:
    """The largest product [n, groups] of every so many-th column."""
    largest = products[:, :groups].clone()
    for some in products.split(groups, dim=1)[1:]:
        width = some.shape[1]
        torch.maximum(largest[:, :width], some, out=largest[:, :width])
    return largest


def _kth_largest(values: Tensor, k: int) -> Tensor:
    """The k-th largest number of each row [n]."""
    if values.device.type != "cpu":
        return values.topk(k, sorted=False).values.amin(dim=1)
    # NumPy selects with vector instructions, several times as fast as topk.
    at = values.shape[1] - k
    return torch.from_numpy(np.partition(values.numpy(), at, axis=1)[:, at].copy())


def _reaching(products: Tensor, cut: Tensor) -> tuple[Tensor, Tensor]:
    """The rows and the columns of products [n, m] of at least `cut` [n, 1]; both ascend."""
    if products.device.type != "cpu":
        rows, columns = (products >= cut).nonzero().unbind(dim=1)
        return rows, columns
    # NumPy's are vectorized, and many times as fast as nonzero.
    flat = torch.from_numpy(np.flatnonzero(products.numpy() >= cut.numpy()))
    rows = flat // products.shape[1]
    return rows, flat - rows * products.shape[1]


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
    """The cosines of pairs [P] in float64, on the grid; `rows` ascend."""
    lengths = queries.lengths.index_select(0, rows) * known.lengths.index_select(0, columns)
    dots = _dots(queries.rows, known.rows, rows, columns)
    return dots.div_(lengths.clamp_min_(TINY)).add_(ON_GRID).sub_(ON_GRID)


def _dots(queries: Tensor, known: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The inner products of pairs [P] in float64: a pair has the same bits in any company."""
    wide, dots_of, size = queries.double(), _plain_dots, piece_size(queries)
    if queries.dtype != torch.float64 and queries.device.type == "cpu":
        dots_of = _fused_dots
        size = len(rows) if known.dtype == torch.float64 else WIDE_ELEMENTS // queries.shape[1]
    pairs = zip(rows.split(max(1, size)), columns.split(max(1, size)), strict=True)
    return torch.cat([dots_of(wide, known, row, column) for row, column in pairs])


def _plain_dots(queries: Tensor, known: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    products = queries.index_select(0, rows)
    products *= known.index_select(0, columns).double()
    return row_sums(products)


def _fused_dots(queries: Tensor, known: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The same without the products in memory, by one thread in the same order for every pair."""
    # Plain tensors: a sparse one of a subclass has no strides.
    queries, known = queries.as_subclass(Tensor), known.as_subclass(Tensor)
    rows, columns = rows.as_subclass(Tensor), columns.as_subclass(Tensor)
    if known.dtype != torch.float64:
        places, columns = columns.unique(return_inverse=True)
        known = known.index_select(0, places).double()
    counts = torch.bincount(rows + 1, minlength=len(queries) + 1)
    pattern = _pattern(counts.cumsum(0), columns, (len(queries), len(known)))
    dots: Tensor = torch.sparse.sampled_addmm(pattern, queries, known.T, beta=0.0).values()
    return dots


def _pattern(starts: Tensor, columns: Tensor, shape: tuple[int, int]) -> Tensor:
    """Where a sparse float64 matrix is not empty."""
    values = starts.new_zeros(len(columns), dtype=torch.float64)
    device = values.device  # not the default device, which a user may have set
    pattern: Tensor = torch.sparse_csr_tensor(
        starts, columns, values, shape, device=device, check_invariants=False
    )
    return pattern


with catch_warnings():  # torch warns of the first such matrix, and of that alone
    simplefilter("ignore")
    _NONE = torch.zeros(2, dtype=torch.int64, device="cpu")
    _pattern(_NONE, _NONE[:0], (1, 1))
