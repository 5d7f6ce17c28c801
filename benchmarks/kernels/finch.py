"""Clusters of first neighbors."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from benchmarks.data import Vectors, clip_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import finch


def make(n: int, vectors: Vectors = clip_like) -> Arrays:
    return {"points": vectors(n)}


def ours(points: Tensor) -> np.ndarray:
    """All partitions, of which the first is compared: it is most of the time."""
    return finch(points)[:, 0].numpy()


def full_matrix(points: Tensor) -> np.ndarray:
    """The first partition alone, from the table of all cosines."""
    cosines = points @ points.T
    cosines.fill_diagonal_(-torch.inf)
    n, first = len(points), cosines.argmax(dim=1).numpy()
    graph = coo_array((np.ones(n), (np.arange(n), first)), shape=(n, n))
    return connected_components(graph, directed=False)[1]


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
        {"full matrix, first partition": Peer(full_matrix)},
        agree,
        work,
        toy={"n": 400},
        quick={"n": 4_000},
        full={"n": 20_000},
        real={"n": 8_000},
    )
]
