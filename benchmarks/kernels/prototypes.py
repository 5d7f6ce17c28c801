"""The average direction of each class."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from benchmarks.data import clip_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import class_prototypes


def make(n: int, classes: int) -> Arrays:
    generator = torch.Generator().manual_seed(2)
    labels = torch.randint(classes, (n,), generator=generator)
    labels[:classes] = torch.arange(classes)
    return {"points": clip_like(n), "labels": labels, "count": classes}


def ours(points: Tensor, labels: Tensor, count: int) -> Tensor:
    return class_prototypes(points, labels, count)


def index_add(points: Tensor, labels: Tensor, count: int) -> Tensor:
    sums = torch.zeros(count, points.shape[1]).index_add_(0, labels, normalize(points, dim=1))
    return sums / labels.bincount(minlength=count)[:, None]


def numpy_loop(points: Tensor, labels: Tensor, count: int) -> np.ndarray:
    rows, where = points.numpy(), labels.numpy()
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.stack([rows[where == c].mean(axis=0) for c in range(count)])


def agree(mine: Tensor, theirs: Tensor, **_: object) -> Agreement:
    apart = float(np.abs(np.asarray(mine) - np.asarray(theirs)).max())
    return Agreement(apart < 1e-5, f"means to {apart:.0e}")


def work(n: int, classes: int) -> Work:
    return Work(bytes=4 * 512 * n)


ROWS = [
    Row(
        "class_prototypes",
        make,
        ours,
        {"torch index_add": Peer(index_add), "NumPy loop": Peer(numpy_loop)},
        agree,
        work,
        toy={"n": 300, "classes": 5},
        quick={"n": 20_000, "classes": 100},
        full={"n": 200_000, "classes": 100},
    )
]
