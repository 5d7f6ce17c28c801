"""K-means that gives the same for the same points, whatever their order and however often."""

import warnings
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from openal._checks import as_count, as_finite
from openal.errors import ArrayError

__all__ = ["Clustering", "k_means"]

BATCHED_FROM = 50_000
"""Above so many distinct points, batches of them are enough to move the centers."""

BATCH_SIZE = 1024  # scikit-learn's
STARTS = 3  # k-means++ seedings, of which the best is taken


class Clustering(NamedTuple):
    """The cluster of each point and where the clusters are; none is empty.

    Attributes:
        labels: (N,), int64 in 0..C-1.
        centers: (C, D), the means of the points.
    """

    labels: Tensor  # int64 [N], 0..C-1
    centers: Tensor  # [C, D]


def k_means(
    points: Tensor, count: int, *, seed: int = 0, mini_batch: bool | None = None
) -> Clustering:
    """At most `count` clusters of points, each point in that of the nearest center.

    Centers are the means of their points; the steps end as scikit-learn's do, when centers hardly
    move or after the last batch, so that a point at a border may be a little nearer to another.

    Equal points count once, with their number as weight, and stand in the order of their values:
    the clusters depend neither on the order of the points nor on the number of threads, and
    renaming the points renames nothing else. With no more than `count` distinct points each is a
    cluster. Starts from the best of three k-means++ seedings (scikit-learn).

    Args:
        points: (N, D), N and D above 0.
        count: how many clusters at most, at least 1.
        seed: of the seedings and batches, at least 0; 0 by default, so that equal points have equal
            clusters.
        mini_batch: whether batches of 1024 points move the centers; by default above 50 000
            distinct points.

    Returns:
        `Clustering`: `labels` (N,), int64 in 0..C-1, and `centers` (C, D), float64 for float64
        points, else float32; C <= `count`, and no cluster is empty.

    Raises:
        ArrayError: points that are not (N, D) with N, D > 0, or not finite; the message names the
            first bad row.
        ArgumentError: a `count` that is no integer of at least 1, or a `seed` that is none of at
            least 0.

    Reference: Lloyd, "Least squares quantization in PCM", 1982; Sculley, "Web-scale k-means
    clustering", WWW 2010; Arthur and Vassilvitskii, "k-means++", SODA 2007.

    >>> labels, centers = k_means(torch.tensor([[9.0], [1.0], [9.0], [0.0]]), 2)
    >>> centers[labels]
    tensor([[9.0000],
            [0.5000],
            [9.0000],
            [0.5000]])
    """
    count, points = as_count(count, "count", minimum=1), as_finite(points, "points", ndim=2)
    seed = as_count(seed, "seed") % 2**32  # all that scikit-learn takes
    if points.numel() == 0:
        raise ArrayError(f"points must be (N, D) with N and D above 0, got {tuple(points.shape)}.")
    distinct, copy, weight = points.unique(dim=0, return_inverse=True, return_counts=True)
    if len(distinct) <= count:
        return Clustering(copy, distinct)
    batched = len(distinct) > BATCHED_FROM if mini_batch is None else mini_batch
    labels = _labels(distinct, weight, count, seed, batched).to(points.device)
    used, labels = labels.unique(return_inverse=True)
    return Clustering(labels[copy], _means(distinct, weight, labels, len(used)))


def _labels(points: Tensor, weight: Tensor, count: int, seed: int, batched: bool) -> Tensor:
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning

    options = {"n_init": STARTS, "random_state": seed}
    start = 3 * max(BATCH_SIZE, count)
    model = (
        MiniBatchKMeans(count, batch_size=BATCH_SIZE, init_size=start, **options)
        if batched
        else KMeans(count, **options)
    )
    x = points / points.abs().max()  # so that squares of huge or tiny numbers are numbers
    # Threads add up in the order in which they finish, which changes the last bits.
    with _thread_pools().limit(limits=1), warnings.catch_warnings():
        # Points that are distinct by less than a rounding error are no more clusters.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x.cpu().numpy(), sample_weight=weight.cpu().numpy().astype(float))
    return torch.from_numpy(model.labels_).long()


@cache
def _thread_pools() -> Any:
    """The thread pools of this process, looked for once: it takes ten milliseconds.

    As in scikit-learn, which has loaded all that its k-means uses when this is called.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _means(points: Tensor, weight: Tensor, labels: Tensor, count: int) -> Tensor:
    """The weighted means [C, D] of the points of each cluster."""
    sums = points.new_zeros(count, points.shape[1], dtype=torch.float64)
    for point, times, label in zip(*(x.split(4096) for x in (points, weight, labels)), strict=True):
        sums.index_add_(0, label, point.double() * times[:, None])
    sizes = torch.zeros(count, dtype=torch.float64, device=points.device)
    sizes.index_add_(0, labels, weight.double())
    return (sums / sizes[:, None]).to(points.dtype)
