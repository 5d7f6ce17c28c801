"""Balls around all points, measured whenever they are asked for: nothing is kept."""

from dataclasses import dataclass
from threading import Lock

import torch
from torch import Tensor

from openal.functional.balls import BLOCK_ELEMENTS, in_blocks, within
from openal.functional.cosines import Directions
from openal.functional.triangle import strips
from openal.threads import for_each

__all__ = ["MeasuredBalls"]


@dataclass(frozen=True, eq=False)
class MeasuredBalls:
    """A ball of radius `delta` around each of N points."""

    points: Directions
    delta: float

    def ball(self, center: Tensor) -> Tensor:
        """The points that one ball holds, bool [N]."""
        return within(self.points.at(center[None]), self.points, self.delta)[0]

    def counts(self, among: Tensor) -> Tensor:
        """How many of the points `among` (a mask [N]) each ball holds, int32 [N]."""
        return self._all(among) if 2 * int(among.sum()) > len(among) else self._few(among)

    def _few(self, among: Tensor) -> Tensor:
        counts, lock = torch.zeros_like(among, dtype=torch.int32), Lock()

        def count(part: tuple[slice, Directions]) -> None:
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
