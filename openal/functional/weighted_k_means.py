"""K-means in which each point has a weight: centers go where the weight is."""

import torch
from torch import Tensor

from openal._checks import as_count, as_finite
from openal._threads import whole_parts
from openal.errors import ArrayError
from openal.functional._nearest_centers import BLOCK_ROWS, nearest_centers
from openal.functional._rows import runs

__all__ = ["weighted_k_means"]


@whole_parts()
def weighted_k_means(points: Tensor, weights: Tensor, centers: Tensor, steps: int = 10) -> Tensor:
    """The centers after some steps of Lloyd's from the given ones; the same for any thread count.

    In a step each point goes to its nearest center, then each center to the weighted mean of its
    points. A center without weight stays where it is. Ends early where no point moves.

    Args:
        points: (N, D).
        weights: (N,), at least 0.
        centers: (C, D), the first ones.
        steps: how many, at least 0.

    Returns:
        (C, D), of the dtype of the points.

    Raises:
        ArrayError: points or centers that are not (N, D) and (C, D), weights that are not (N,) or
            negative, values that are not finite; the message names the argument and the first row.
        ArgumentError: `steps` that is no integer of at least 0.

    Reference: Lloyd, "Least squares quantization in PCM", 1982.

    >>> points = torch.tensor([[0.0], [1.0], [9.0]])
    >>> weighted_k_means(points, torch.tensor([1.0, 3.0, 1.0]), points[[0, 2]])
    tensor([[0.7500],
            [9.0000]])
    """
    points, centers = as_finite(points, "points", ndim=2), as_finite(centers, "centers", ndim=2)
    centers = _as_centers(centers, points)
    weights = _as_weights(weights, points)
    owner = torch.full_like(weights, -1, dtype=torch.int64)
    for _ in range(as_count(steps, "steps")):
        before, owner = owner, nearest_centers(points, centers)
        if torch.equal(owner, before):
            break
        centers = _means(points, weights, owner, centers)
    return centers


def _means(points: Tensor, weights: Tensor, owner: Tensor, centers: Tensor) -> Tensor:
    """The weighted means [C, D] of the points of each center; those without weight as they were."""
    sums = centers.new_zeros(centers.shape, dtype=torch.float64)
    for rows in runs(len(points), BLOCK_ROWS):
        weighted = points[rows] * weights[rows, None]
        sums += torch.zeros_like(centers).index_add_(0, owner[rows], weighted)
    mass = torch.zeros(len(centers), dtype=torch.float64, device=points.device)
    mass.index_add_(0, owner, weights.double())
    means = (sums / mass[:, None]).to(centers.dtype)
    return torch.where(mass[:, None] > 0, means, centers)


def _as_weights(weights: Tensor, points: Tensor) -> Tensor:
    weights = as_finite(weights, "weights", ndim=1).to(points)
    if len(weights) != len(points):
        raise ArrayError(f"weights must be one for each of {len(points)} rows, got {len(weights)}.")
    if (weights < 0).any():
        row = int((weights < 0).nonzero()[0])
        raise ArrayError(f"weights must be at least 0; row {row} is {float(weights[row])}.")
    return weights


def _as_centers(centers: Tensor, points: Tensor) -> Tensor:
    if centers.shape[1] != points.shape[1]:
        sizes = f"{tuple(points.shape)} and {tuple(centers.shape)}"
        raise ArrayError(f"points and centers must be (N, D) and (C, D), got {sizes}.")
    if len(centers) == 0:
        raise ArrayError("centers must hold at least one row.")
    return centers.to(points)
