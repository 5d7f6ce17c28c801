"""Pairs of directions within a radius: a fast product proposes, float64 decides.

Pairs are kept as one bit each, or measured anew whenever they are asked for.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from openal._threads import for_each
from openal.functional._cosines import NormalizedRows, normalized_rows
from openal.functional._rows import TINY, float_dtype, piece_size, row_sums, strips

__all__ = [
    "SLACK",
    "MeasuredBalls",
    "PackedBalls",
    "apart",
    "in_blocks",
    "measured",
    "nearness",
    "within",
]

SLACK = 1e-9
"""Half squared distances this near to the limit are within it: ties are no rounding errors."""

BLOCK_ELEMENTS = 2**21  # of the table of pairs that is held at a time


def measured(rows: Tensor) -> NormalizedRows:
    """Rows with their lengths, and with units that suit products of the given precision."""
    exact = torch.get_float32_matmul_precision() == "highest"
    return normalized_rows(rows, float_dtype(rows) if exact else torch.float64)


def in_blocks(left: NormalizedRows, columns: int) -> Iterator[tuple[slice, NormalizedRows]]:
    """Runs of rows whose table of pairs with so many columns is held at a time."""
    n, size = len(left.rows), max(1, BLOCK_ELEMENTS // max(1, columns))
    for start in range(0, n, size):
        block = slice(start, min(start + size, n))
        yield block, left.at(block)


def within(left: NormalizedRows, right: NormalizedRows, radius: float) -> Tensor:
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


def nearness(left: NormalizedRows, right: NormalizedRows) -> Tensor:
    """What is larger for a nearer right direction [n, m]: the cosine, less half its squared length.

    That is half the squared length of the left one minus half the squared distance.
    """
    with torch.autocast(left.units.device.type, enabled=False):
        return torch.addmm(_halves(right), left.units, right.units.T, beta=-1)


def apart(left: NormalizedRows, right: NormalizedRows, rows: Tensor, columns: Tensor) -> Tensor:
    """The distances of pairs [P] of directions, in float64."""
    pieces = zip(rows.split(size := piece_size(left.rows)), columns.split(size), strict=True)
    squares = [row_sums((_wide(left, a) - _wide(right, b)).square()) for a, b in pieces]
    return torch.cat(squares).sqrt()


def _wide(points: NormalizedRows, places: Tensor) -> Tensor:
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


def _halves(points: NormalizedRows) -> Tensor:
    """Half the squared length of each direction [n]: one half, or 0 for a row of zeros."""
    return (points.lengths > 0).to(points.units) / 2


@dataclass(frozen=True, eq=False)
class MeasuredBalls:
    """A ball of radius `delta` around each of N points."""

    points: NormalizedRows
    delta: float

    def ball(self, center: Tensor) -> Tensor:
        """The points that one ball holds, bool [N]."""
        return within(self.points.at(center[None]), self.points, self.delta)[0]

    def counts(self, among: Tensor) -> Tensor:
        """How many of the points `among` (a mask [N]) each ball holds, int32 [N]."""
        return self._all(among) if 2 * int(among.sum()) > len(among) else self._few(among)

    def _few(self, among: Tensor) -> Tensor:
        counts, lock = torch.zeros_like(among, dtype=torch.int32), Lock()

        def count(part: tuple[slice, NormalizedRows]) -> None:
            held = within(part[1], self.points, self.delta).sum(dim=0, dtype=torch.int32)
            with lock:
                counts.add_(held)

        for_each(in_blocks(self.points.at(among.nonzero()[:, 0]), len(counts)), count)
        return counts

    def _all(self, among: Tensor) -> Tensor:
        """The same for many points: each pair is measured once."""
        counts, lock = torch.zeros_like(among, dtype=torch.int32), Lock()

        def count(rows: slice) -> None:
            left, right = self.points.at(rows), self.points.at(slice(rows.start, None))
            near = within(left, right, self.delta)
            later = near[:, rows.stop - rows.start :] & among[rows.stop :]
            near &= among[rows, None]
            held, holding = (x.sum(dim=d, dtype=torch.int32) for d, x in enumerate((near, later)))
            with lock:
                counts[rows.start :] += held
                counts[rows] += holding

        for_each(strips(len(among), elements=BLOCK_ELEMENTS, multiple=1), count)
        return counts


BYTE_COUNT = 255  # the most that a byte can count


@dataclass(frozen=True, eq=False)
class PackedBalls:
    """A ball around each of N points, on a CPU."""

    bits: np.ndarray  # uint8 [N, N / 8]: row by row, what a ball holds

    @classmethod
    def of(cls, points: NormalizedRows, delta: float) -> "PackedBalls":
        """Balls of one radius. Each pair of points is measured once."""
        n = len(points.lengths)
        bits = np.empty((n, row_bytes(n)), np.uint8)
        runs = strips(n, elements=BLOCK_ELEMENTS, multiple=8)
        for_each(runs, partial(_measure, points, delta, bits))
        return cls(bits)

    def ball(self, center: Tensor) -> Tensor:
        """The points that one ball holds, bool [N]."""
        return self._rows(center[None])[0].bool()

    def counts(self, among: Tensor) -> Tensor:
        """How many of the points `among` (a mask [N]) each ball holds, int32 [N]."""
        counts = torch.zeros_like(among, dtype=torch.int32)
        for rows in among.nonzero()[:, 0].split(BYTE_COUNT):  # what its ball holds, holds it
            counts += self._rows(rows).sum(dim=0, dtype=torch.uint8)
        return counts

    def _rows(self, rows: Tensor) -> Tensor:
        bits = self.bits[rows.numpy()]
        return torch.from_numpy(np.unpackbits(bits, axis=1, count=len(self.bits)))


def row_bytes(n: int) -> int:
    """How many bytes n bits take."""
    return -(-n // 8)


def _measure(points: NormalizedRows, delta: float, bits: np.ndarray, rows: slice) -> None:
    """Writes the bits of some rows with themselves and with all later ones, there and back."""
    start, stop, n = rows.start, rows.stop, len(bits)
    left, right = points.at(rows), points.at(slice(start, None))
    near = within(left, right, delta).numpy()
    bits[rows, start // 8 :] = np.packbits(near, axis=1)
    if stop < n:
        bits[stop:, start // 8 : stop // 8] = _columns(near[:, stop - start :])


def _columns(near: np.ndarray) -> np.ndarray:
    """The columns of a mask [8 r, m] as bits [m, r]: faster than np.packbits, which likes rows."""
    eight = near.view(np.uint8).reshape(-1, 8, near.shape[1])
    packed = eight[:, 0] << 7
    for place in range(1, 8):
        packed |= eight[:, place] << (7 - place)
    return packed.T
