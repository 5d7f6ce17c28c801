"""Balls that hold the most points that no ball holds yet."""

import numpy as np
import torch
from torch import Tensor

from benchmarks.data import clip_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import prob_cover

DELTA = 0.62


def make(n: int, budget: int) -> Arrays:
    return {"points": clip_like(n), "budget": budget}


def ours(points: Tensor, budget: int) -> np.ndarray:
    return prob_cover(points, None, budget, delta=DELTA).centers.numpy()


def full_graph(points: Tensor, budget: int) -> np.ndarray:
    """The greedy cover with the whole graph in memory."""
    near = points @ points.T >= 1 - DELTA**2 / 2
    counts, centers = near.sum(dim=1), []
    bare = torch.ones(len(points), dtype=torch.bool)
    while len(centers) < budget and bare.any():
        centers.append(int(counts.argmax()))
        ball = near[centers[-1]] & bare
        counts -= near[ball].sum(dim=0)
        bare &= ~ball
    return np.array(centers)


def agree(mine: np.ndarray, theirs: np.ndarray, points: Tensor, budget: int) -> Agreement:
    """A pair at the very edge of a ball, but for rounding, may decide between two equal balls."""
    shares = [_held(points, centers) for centers in (mine, theirs)]
    same = len(np.intersect1d(mine, theirs))
    return Agreement(
        abs(shares[0] - shares[1]) < 2e-3,
        f"{same} of {len(mine)} centers; {shares[0]:.2%}, {shares[1]:.2%} held",
    )


def _held(points: Tensor, centers: np.ndarray) -> float:
    near = points @ points[centers].T >= 1 - DELTA**2 / 2
    return float(near.any(dim=1).float().mean())


def work(n: int, budget: int) -> Work:
    return Work(flops=2 * 512 * n * n)


ROWS = [
    Row(
        "prob_cover",
        make,
        ours,
        {"full graph": Peer(full_graph)},
        agree,
        work,
        toy={"n": 300, "budget": 10},
        quick={"n": 4_000, "budget": 100},
        full={"n": 20_000, "budget": 400},
    )
]
