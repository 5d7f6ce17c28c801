"""FINCH (Sarfraz et al., CVPR 2019): clusters of first neighbors, with nothing to tune."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count, as_finite
from openal._threads import whole_parts
from openal.errors import ArrayError
from openal.functional._closest_pairs import merged
from openal.functional._first_neighbors import first_neighbors
from openal.functional._rows import TINY, finite_blocks

__all__ = ["cluster_means", "finch", "finch_clusters"]


@whole_parts()
def finch(points: Tensor) -> Tensor:
    """Partitions of the points into clusters of first neighbors, the finest first (FINCH).

    Each point is linked to its first neighbor, the other point of the largest cosine; what is
    linked, directly or over others, is a cluster. The means of the clusters are clustered in turn,
    and so on, until one cluster is left: each column holds the clusters of the one before, at most
    half as many. Clusters are numbered by their lowest member.

    Points of one direction are always in one cluster. Neighbors are those of `knn`: exact, with
    cosines rounded to about 1e-12. Between others that are equally near, the lowest index is the
    first neighbor; a row of zeros has cosine 0 with all, so its neighbor is row 0 (or 1). Only such
    ties depend on the order of the points: without them a permutation of the points permutes the
    clusters. One point, or none, is one partition.

    Neither the N x N cosines nor a copy per partition is held. The direction of a mean is that of
    the sum, so sums of the sums before are all that a coarser partition needs.

    Args:
        points: (N, D), D > 0.

    Returns:
        (N, P), int64, P >= 1: a column is a partition, its clusters 0..C-1.

    Raises:
        ArrayError: points that are not (N, D) with D > 0, or not finite; the message names the
            first bad row.

    Reference: Sarfraz, Sharma and Stiefelhagen, "Efficient Parameter-Free Clustering Using First
    Neighbor Relations" (FINCH), CVPR 2019, eq. 1 and algorithm 1. The authors' code takes
    approximate neighbors of many points, which then differ from run to run, and leaves out the
    partition into one cluster.

    >>> points = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9]])
    >>> finch(points)
    tensor([[0, 0],
            [1, 0],
            [0, 0],
            [1, 0]])
    """
    return torch.stack([labels for labels, _ in _partitions(points)], dim=1)


@whole_parts()
def finch_clusters(points: Tensor, count: int) -> Tensor:
    """Exactly `count` clusters, or as many as the finest partition has if fewer (FINCH).

    The coarsest partition of `finch` with at least `count` clusters, of which the two whose means
    have the largest cosine are joined until `count` are left; of pairs that are equally near, the
    lowest. Clusters are numbered by their lowest member.

    Args:
        points: (N, D), D > 0.
        count: how many clusters, at least 1.

    Returns:
        (N,), int64, in 0..C-1, C <= `count`.

    Raises:
        ArrayError: points that are not (N, D) with D > 0, or not finite; the message names the
            first bad row.
        ArgumentError: a `count` that is no integer of at least 1.

    Reference: Sarfraz, Sharma and Stiefelhagen (FINCH), CVPR 2019, algorithm 2. Releases of the
    authors' code fail where `count` exceeds the finest partition, or equals the size of one.

    >>> finch_clusters(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9]]), 2)
    tensor([0, 1, 0, 1])
    """
    count = as_count(count, "count", minimum=1)
    partitions = _partitions(points)
    labels, sums = next(partitions)
    for coarser, coarser_sums in partitions:
        if len(coarser_sums) < count:
            break
        labels, sums = coarser, coarser_sums
    return merged(sums, count)[labels] if len(sums) > count else labels


def cluster_means(points: Tensor, labels: Tensor) -> Tensor:
    """The means [C, D] of the points [N, D] of each cluster 0..C-1, none of which is empty."""
    counts = torch.bincount(labels)
    return (_sums(points, labels) / counts[:, None]).to(points.dtype)


def _partitions(points: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Each partition [N], finest first, with a positive multiple of its clusters' sums [C, D]."""
    sums = as_finite(points, "points", ndim=2)
    if sums.shape[1] == 0:
        raise ArrayError(f"points must have no empty row, got shape {tuple(sums.shape)}.")
    if sums.dtype == torch.float64:  # sums of the largest numbers would overflow
        sums = sums / sums.abs().amax().clamp_min(TINY) if sums.numel() else sums
    labels = torch.arange(len(sums), device=sums.device)
    while True:
        groups = _components(first_neighbors(sums))
        labels, sums = groups[labels], _sums(sums, groups)
        yield labels, sums
        if len(sums) <= 1:
            return


def _components(neighbors: Tensor) -> Tensor:
    """The connected component of each point [n], numbered by their lowest member."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(neighbors)
    edges = np.arange(n), neighbors.cpu().numpy()
    graph = coo_array((np.ones(n), edges), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    _, lowest, component = np.unique(component, return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(lowest))
    return torch.from_numpy(place[component]).to(neighbors.device)


def _sums(points: Tensor, labels: Tensor) -> Tensor:
    """The sums [C, D] of the points of each cluster, float64."""
    count = int(labels.max()) + 1 if len(labels) else 0
    sums = torch.zeros(count, points.shape[1], dtype=torch.float64, device=points.device)
    for rows, block in finite_blocks(points, "points", ndim=2):
        sums.index_add_(0, labels[rows], block.double())
    return sums
