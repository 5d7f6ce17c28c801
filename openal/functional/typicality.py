"""Typicality: the inverse mean distance to the nearest neighbors in a group (TypiClust)."""

import torch
from torch import Tensor

from openal._checks import as_count, as_finite
from openal.functional._labels import as_labels
from openal.functional._rows import piece_size, row_lengths

__all__ = ["typicality"]

OFFSET = 1e-5
"""Added to a mean distance: copies of each other are very typical, not infinitely so."""

BLOCK_ELEMENTS = 2**22  # of the distances that are held at a time
SPARE = 6  # proposed beyond k by products, of which exact distances leave k


def typicality(points: Tensor, groups: Tensor, k: int = 20) -> Tensor:
    """How near the k nearest others of the same group are: the inverse of their mean distance.

    Distances are Euclidean. A group of no more than k points takes all others; a point alone in its
    group has typicality 0. Equal points of a group are equally typical. As in the authors' code
    1e-5 is added to the mean distance.

    Args:
        points: (N, D).
        groups: (N,), integers: the group, such as a cluster, of each point.
        k: how many others count, at least 1; 20 is the paper's.

    Returns:
        (N,), float64, in [0, 1e5], larger is more typical.

    Raises:
        ArrayError: points that are not (N, D), or not finite; groups that are not one integer for
            each row; the message names the argument and the first bad row.
        ArgumentError: a `k` that is no integer of at least 1.

    Reference: Hacohen, Dekel and Weinshall, "Active Learning on a Budget: Opposite Strategies Suit
    High and Low Budgets" (TypiClust), ICML 2022, section 3.

    >>> points = torch.tensor([[0.0], [1.0], [3.0], [9.0]])
    >>> typicality(points, torch.tensor([0, 0, 0, 1]), k=1)
    tensor([1.0000, 1.0000, 0.5000, 0.0000], dtype=torch.float64)
    """
    k, points = as_count(k, "k", minimum=1), as_finite(points, "points", ndim=2)
    groups = as_labels(groups, "groups", points)
    result = torch.zeros(len(points), dtype=torch.float64, device=points.device)
    _, sizes = groups.unique(return_counts=True)
    for members in groups.argsort(stable=True).split(sizes.tolist()):
        if len(members) > 1:
            result[members] = 1 / (OFFSET + _mean_distances(points[members].double(), k))
    return result


def _mean_distances(points: Tensor, k: int) -> Tensor:
    """From each point to its k nearest others, on average [n]."""
    centered = points - points.mean(dim=0)  # so that the squares below cancel less
    halves = centered.square().sum(dim=1) / 2
    k = min(k, len(points) - 1)
    means = []
    for start in range(0, len(points), size := max(1, BLOCK_ELEMENTS // len(points))):
        block = slice(start, start + size)
        nearness = torch.addmm(halves, centered[block], centered.T, beta=-1)
        near = nearness.topk(min(k + 1 + SPARE, len(points))).indices
        # The nearest of all is the point itself, or a copy at the same distance, which is 0.
        rows = torch.arange(start, start + len(near), device=points.device)
        distances = _exact(points, rows, near)
        means.append(distances.sort(dim=1).values[:, 1 : k + 1].mean(dim=1))
    return torch.cat(means)


def _exact(points: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The distances [r, W] of the rows [r] from the columns [r, W], without cancellation."""
    size = max(1, piece_size(points) // columns.shape[1])
    pieces = [
        row_lengths((points[near] - points[row][:, None]).flatten(0, 1)).view(near.shape)
        for row, near in zip(rows.split(size), columns.split(size), strict=True)
    ]
    return torch.cat(pieces)
