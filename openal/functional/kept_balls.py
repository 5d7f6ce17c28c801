"""Balls around all points, kept as one bit for each pair of points."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from openal.functional.balls import BLOCK_ELEMENTS, within
from openal.functional.cosines import Directions
from openal.functional.triangle import strips
from openal.threads import for_each

__all__ = ["KeptBalls"]

MOST = 255  # that a byte can count


@dataclass(frozen=True, eq=False)
class KeptBalls:
    """A ball around each of N points, on a CPU."""

    bits: np.ndarray  # uint8 [N, N / 8]: row by row, what a ball holds

    @classmethod
    def of(cls, points: Directions, delta: float) -> "KeptBalls":
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
        for rows in among.nonzero()[:, 0].split(MOST):  # what its ball holds, holds it
            counts += self._rows(rows).sum(dim=0, dtype=torch.uint8)
        return counts

    def _rows(self, rows: Tensor) -> Tensor:
        bits = self.bits[rows.numpy()]
        return torch.from_numpy(np.unpackbits(bits, axis=1, count=len(self.bits)))


def row_bytes(n: int) -> int:
    """How many bytes n bits take."""
    return -(-n // 8)


def _measure(points: Directions, delta: float, bits: np.ndarray, rows: slice) -> None:
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
