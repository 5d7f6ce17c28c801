"""Clusters of first neighbors."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch.nn.functional import normalize

from benchmarks.data import Vectors, clip_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import finch


def make(n: int, vectors: Vectors = clip_like) -> Arrays:
    return {"points": vectors(n)}


def ours(points: Tensor) -> np.ndarray:
    """All partitions, of which the first is compared."""
    return finch(points)[:, 0].numpy()


def full_matrix(points: Tensor) -> np.ndarray:
    """The first partition alone, from the table of all cosines."""
    cosines = points @ points.T
    cosines.fill_diagonal_(-torch.inf)
    n, first = len(points), cosines.argmax(dim=1).numpy()
    graph = coo_array((np.ones(n), (np.arange(n), first)), shape=(n, n))
    labels: np.ndarray = connected_components(graph, directed=False)[1]
    return labels


def full_matrices(points: Tensor) -> np.ndarray:
    """All partitions, each from the table of all cosines of means; the first is compared."""
    partitions = []
    while len(points) > 1:
        labels = full_matrix(normalize(points, dim=1))
        partitions.append(labels)
        index = torch.from_numpy(labels).long()
        sums = points.new_zeros(len(np.unique(labels)), points.shape[1])
        points = sums.index_add_(0, index, points)
    return partitions[0]


def agree(mine: np.ndarray, theirs: np.ndarray, points: Tensor) -> Agreement:
    """Two that are equally near but for rounding may join one cluster here and two there."""
    counts = [len(np.unique(each)) for each in (mine, theirs)]
    joint = len(np.unique(np.stack([mine, theirs]), axis=1).T)
    return Agreement(
        joint <= 1.001 * min(counts), f"{counts[0]}, {counts[1]} clusters, {joint} of both"
    )


def work(n: int) -> Work:
    return Work(flops=2 * 512 * n * n)


ROWS = [
    Row(
        "finch",
        make,
        ours,
        {
            "full matrix, first partition": Peer(full_matrix),
            "full matrices, all partitions": Peer(full_matrices),
        },
        agree,
        work,
        toy={"n": 400},
        quick={"n": 4_000},
        full={"n": 20_000},
        real={"n": 8_000},
    )
]
