"""E2OAL's number of kinds of unknown: with how many clusters the known classes come out best."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count
from openal.functional._rows import unit_rows
from openal.functional.k_means import k_means

__all__ = ["class_recovery", "count_unknown_kinds"]


def count_unknown_kinds(points: Tensor, labels: Tensor, num_classes: int, *, most: int) -> int:
    """The number M of unknown kinds with which K + M clusters recover the K classes best (E2OAL).

    M is at least 1, at most `most` and at most the number of unknown points. Directions are
    clustered by k-means. A ternary search, as if the recovery rose to one peak; of equally good M
    that it tried the smallest.

    Args:
        points: (m, D), of answered items; their directions count.
        labels: (m,), integers in 0..K, K for unknown.
        num_classes: K.
        most: the largest M that is tried, at least 1.

    Returns:
        M, an int.

    Raises:
        ArgumentError: a `most` that is no integer of at least 1.

    Reference: E2OAL, arXiv 2603.07898, 2026.

    >>> kinds = torch.arange(12) // 3
    >>> count_unknown_kinds(torch.eye(4)[kinds], kinds.clamp(max=2), 2, most=8)
    2
    """
    unknown = int((labels == num_classes).sum())
    if unknown == len(labels):
        return 1
    directions = unit_rows(points)

    @cache
    def recovery(kinds: int) -> float:
        clusters = k_means(directions, num_classes + kinds).labels
        return class_recovery(clusters, labels, num_classes)

    low, high = 1, max(1, min(as_count(most, "most", minimum=1), unknown))
    tried = {low: recovery(low), high: recovery(high)}
    while high - low > 2:
        left, right = low + (high - low) // 3, high - (high - low) // 3
        tried |= {left: recovery(left), right: recovery(right)}
        low, high = (low, right) if tried[left] >= tried[right] else (left, high)
    tried |= {kinds: recovery(kinds) for kinds in range(low, high + 1)}
    return min(tried, key=lambda kinds: (-tried[kinds], kinds))


def class_recovery(clusters: Tensor, labels: Tensor, num_classes: int) -> float:
    """The geometric mean of the F1 of each class with a cluster of its own, matched for the best.

    Classes without a label do not count; 0 where a class is left without a cluster, or without any
    class.

    Args:
        clusters: (m,), integers of at least 0.
        labels: (m,), integers in 0..K; label K is no class.
        num_classes: K.

    Returns:
        a float in [0, 1].

    Raises:
        RuntimeError: arrays that do not fit each other; from torch, for nothing is checked here.

    Reference: E2OAL, arXiv 2603.07898, 2026; the matching: Kuhn, "The Hungarian Method for the
    Assignment Problem", 1955.

    >>> labels = torch.tensor([0, 0, 1, 1, 2])
    >>> round(class_recovery(torch.tensor([5, 5, 5, 3, 3]), labels, 2), 3)
    0.632
    """
    from scipy.optimize import linear_sum_assignment

    width = int(clusters.max()) + 1
    cells = torch.bincount(labels * width + clusters, minlength=(num_classes + 1) * width)
    counts = cells.reshape(num_classes + 1, width).cpu().numpy()
    known = counts[:-1][counts[:-1].sum(axis=1) > 0]
    sizes = known.sum(axis=1)[:, None] + counts.sum(axis=0)
    f1 = 2 * known / np.maximum(sizes, 1)
    rows, columns = linear_sum_assignment(f1, maximize=True)
    if len(rows) < len(known) or len(known) == 0 or f1[rows, columns].min() == 0:
        return 0.0
    return float(np.exp(np.log(f1[rows, columns]).mean()))
