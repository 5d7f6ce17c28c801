"""How far the items of a pool are from the Gaussian of a sample."""

import torch
from torch import Tensor

from benchmarks.data import clip_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import mahalanobis

RIDGE = 1e-6  # what pytorch-ood adds to its sum of squares


def make(n: int, m: int) -> Arrays:
    rows = clip_like(n + m)
    return {"points": rows[m:], "sample": rows[:m]}


def ours(points: Tensor, sample: Tensor) -> Tensor:
    return mahalanobis(points, sample, prior=RIDGE)


def pytorch_ood(points: Tensor, sample: Tensor) -> Tensor:
    """It takes half the square by the sum in place of the mean of the squares."""
    from pytorch_ood.detector import Mahalanobis

    labels = torch.zeros(len(sample), dtype=torch.int64)
    found = Mahalanobis(None).fit_features(sample, labels).predict_features(points)
    return found * 2 * len(sample)


def agree(mine: Tensor, theirs: Tensor, **_: object) -> Agreement:
    apart = float((mine / theirs - 1).abs().max())
    return Agreement(apart < 1e-3, f"squares to {apart:.0e}")


def work(n: int, m: int) -> Work:
    return Work(flops=2 * 512**2 * (n + m), bytes=4 * 512 * (n + m))


ROWS = [
    Row(
        "mahalanobis",
        make,
        ours,
        {"pytorch-ood Mahalanobis": Peer(pytorch_ood, needs="pytorch-ood")},
        agree,
        work,
        toy={"n": 300, "m": 2000},
        quick={"n": 20_000, "m": 5_000},
        full={"n": 200_000, "m": 5_000},
    )
]
