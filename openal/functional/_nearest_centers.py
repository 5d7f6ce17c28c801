"""Which center is nearest to each point, block by block."""

import torch
from torch import Tensor

from openal._threads import for_each, whole_parts
from openal.functional._rows import row_sums, runs

__all__ = ["BLOCK_ROWS", "nearest_centers", "squared_distances"]

BLOCK_ROWS = 2048


@whole_parts()
def nearest_centers(points: Tensor, centers: Tensor) -> Tensor:
    """The nearest center of each point, of equally near ones the first: int64 [n].

    `points` [n, D] and at least one of `centers` [C, D] are of one dtype.
    """
    half = centers.square().sum(dim=1) / 2
    owner = torch.empty(len(points), dtype=torch.int64, device=points.device)

    def assign(rows: slice) -> None:
        owner[rows] = torch.addmm(half, points[rows], centers.T, alpha=-1).argmin(dim=1)

    for_each(runs(len(points), BLOCK_ROWS), assign)
    return owner


@whole_parts()
def squared_distances(points: Tensor, centers: Tensor, owner: Tensor) -> Tensor:
    """The squared Euclidean distance of each point to its own center, float64 [n]."""
    squared = torch.empty(len(points), dtype=torch.float64, device=points.device)

    def measure(rows: slice) -> None:
        squared[rows] = row_sums((points[rows] - centers[owner[rows]]).double().square_())

    for_each(runs(len(points), BLOCK_ROWS), measure)
    return squared
