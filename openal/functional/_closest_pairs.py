"""FINCH's last step: the two clusters with the closest means are joined until few are left."""

import numpy as np
import torch
from torch import Tensor

from openal._threads import one_thread
from openal.functional._cosines import GRID
from openal.functional._rows import unit_rows

__all__ = ["merged"]

BLOCK_ROWS = 256  # whose cosines with all clusters are held at a time


def merged(sums: Tensor, count: int) -> Tensor:
    """The new cluster [C] of each of C clusters, when the closest were joined until `count` remain.

    `sums` [C, D] are the sums of the clusters' points: a cosine of sums is one of means. Clusters
    keep their order; a joined one stands where its first part did. C x C is never held: a step
    takes the cosines of the joined cluster, and of few others.
    """
    with one_thread():
        clusters = _Agglomeration(sums.double().cpu())
        for _ in range(len(sums) - count):
            clusters.join_closest()
    _, place = np.unique(clusters.owners, return_inverse=True)
    return torch.from_numpy(place).to(sums.device)


class _Agglomeration:
    """Clusters, the directions of their means, and the nearest other cluster of each.

    Where that was joined with another, the cosine is an upper bound; it is looked at again only
    when no other is larger. Muellner, "Modern hierarchical, agglomerative clustering algorithms"
    (2011), the generic algorithm.
    """

    def __init__(self, sums: Tensor) -> None:
        self.sums = sums.clone()
        self.units = unit_rows(sums)
        self.owners = np.arange(len(sums))
        self.alive = np.ones(len(sums), bool)
        self.stale = np.zeros(len(sums), bool)
        self.nearest = np.zeros(len(sums), np.int64)
        self.cosine = np.zeros(len(sums))
        for start in range(0, len(sums), BLOCK_ROWS):
            self.look(self.owners[start : start + BLOCK_ROWS])

    def look(self, rows: np.ndarray) -> None:
        """Find the nearest of some clusters anew."""
        # By torch: the threads of NumPy's products wait longer than so small a product takes.
        cosines = _on_grid((self.units[rows] @ self.units.T).numpy())
        cosines[:, ~self.alive] = -np.inf
        cosines[np.arange(len(rows)), rows] = -np.inf
        self.nearest[rows] = cosines.argmax(axis=1)  # the lowest of equals
        self.cosine[rows] = cosines.max(axis=1)
        self.stale[rows] = False

    def join_closest(self) -> None:
        """Make one of the two clusters with the largest cosine."""
        kept, gone = self._closest()
        self.sums[kept] += self.sums[gone]
        self.units[kept] = unit_rows(self.sums[kept : kept + 1])[0]
        self.owners[self.owners == gone] = kept
        self.alive[gone], self.cosine[gone] = False, -np.inf
        self.stale |= self.alive & np.isin(self.nearest, (kept, gone))
        # The others need not know that the joined one is nearer now: it knows its own nearest.
        self.look(np.array([kept]))

    def _closest(self) -> tuple[int, int]:
        """The pair with the largest cosine; of equals, the lowest."""
        while True:
            best = np.flatnonzero(self.cosine == self.cosine.max())
            if not self.stale[best].any():
                pairs = np.sort(np.stack([best, self.nearest[best]], axis=1))
                first, second = min(pairs.tolist())
                return first, second
            self.look(best[self.stale[best]][:BLOCK_ROWS])


def _on_grid(cosines: np.ndarray) -> np.ndarray:
    """Rounded, so that the last bits of a matrix product decide nothing."""
    return np.rint(cosines / GRID) * GRID
