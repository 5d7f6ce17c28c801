"""K-means of weighted points: where the default strategy's budget goes."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.data import clip_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import weighted_k_means

STEPS = 10


def make(n: int, clusters: int) -> Arrays:
    points = clip_like(n)
    weights = torch.rand(n, generator=torch.Generator().manual_seed(2)) ** 4
    return {"points": points, "weights": weights, "centers": points[:clusters].clone()}


def ours(points: Tensor, weights: Tensor, centers: Tensor) -> Tensor:
    return weighted_k_means(points, weights, centers, STEPS)


def torch_loop(points: Tensor, weights: Tensor, centers: Tensor) -> Tensor:
    """A table of all products in each step; an empty center stays."""
    weighted = points * weights[:, None]
    for _ in range(STEPS):
        owner = (points @ centers.T - (centers**2).sum(dim=1) / 2).argmax(dim=1)
        mass = torch.zeros(len(centers)).index_add_(0, owner, weights)[:, None]
        sums = torch.zeros_like(centers).index_add_(0, owner, weighted)
        centers = torch.where(mass > 0, sums / mass, centers)
    return centers


def scikit_learn(points: Tensor, weights: Tensor, centers: Tensor) -> np.ndarray:
    from sklearn.cluster import KMeans

    means = KMeans(len(centers), init=centers.numpy(), n_init=1, max_iter=STEPS, tol=0)
    return means.fit(points.numpy(), sample_weight=weights.numpy()).cluster_centers_


def agree(mine: Tensor, theirs: Any, points: Tensor, weights: Tensor, **_: Tensor) -> Agreement:
    """The same weighted mean squared distance, for points on an edge may change sides."""
    means = [_inertia(points, weights, torch.as_tensor(each)) for each in (mine, theirs)]
    return Agreement(abs(means[0] / means[1] - 1) < 2e-3, f"inertia {means[0]:.5f}, {means[1]:.5f}")


def _inertia(points: Tensor, weights: Tensor, centers: Tensor) -> float:
    pieces = zip(points.split(8192), weights.split(8192), strict=True)
    sums = [(w * torch.cdist(x, centers).amin(dim=1) ** 2).sum() for x, w in pieces]
    return float(sum(sums) / weights.sum())


def work(n: int, clusters: int) -> Work:
    return Work(flops=2 * 512 * n * clusters * STEPS)


ROWS = [
    Row(
        "weighted_k_means",
        make,
        ours,
        {"torch loop": Peer(torch_loop), "scikit-learn KMeans": Peer(scikit_learn)},
        agree,
        work,
        toy={"n": 300, "clusters": 20},
        quick={"n": 5_000, "clusters": 100},
        full={"n": 20_000, "clusters": 400},
    )
]
