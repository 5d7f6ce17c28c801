"""NEAT's scores of a pool: neighbors among the answers, their votes, and the disagreement."""

import numpy as np
import torch
from torch import Tensor

from benchmarks.data import clip_like, logits_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import inconsistency, knn, neighbor_votes


def make(n: int, m: int, classes: int = 20, k: int = 10) -> Arrays:
    rows = clip_like(n + m)
    labels = torch.randint(-1, classes, (m,), generator=torch.Generator().manual_seed(2))
    logits = logits_like(n, classes)
    return {"pool": rows[m:], "answered": rows[:m], "labels": labels, "logits": logits, "k": k}


def ours(pool: Tensor, answered: Tensor, labels: Tensor, logits: Tensor, k: int) -> np.ndarray:
    nearest = labels[knn(pool, answered, k).indices]
    votes = neighbor_votes(nearest, logits.shape[1])
    return np.stack([(nearest >= 0).sum(dim=1).numpy(), inconsistency(logits, votes).numpy()])


def loops(pool: Tensor, answered: Tensor, labels: Tensor, logits: Tensor, k: int) -> np.ndarray:
    """A table of all cosines, and a loop over points and neighbors, as in a research script."""
    table = pool @ answered.T / (pool.norm(dim=1)[:, None] * answered.norm(dim=1))
    known, scores, classes = [], [], labels.tolist()
    for row, nearest in zip(logits, table.topk(k).indices.tolist(), strict=True):
        votes = torch.zeros(logits.shape[1])
        for place in nearest:
            if classes[place] >= 0:
                votes[classes[place]] += 1
        known.append(float(votes.sum()))
        scores.append(float(-(row.softmax(0) * votes.log_softmax(0)).sum()))
    return np.stack([known, scores])


def agree(mine: np.ndarray, theirs: np.ndarray, **arrays: object) -> Agreement:
    same = float((mine[0] == theirs[0]).mean())
    apart = float(np.median(np.abs(mine[1] - theirs[1])))
    return Agreement(
        same > 0.999 and apart < 1e-4, f"{same:.2%} of the counts, scores to {apart:.0e}"
    )


def work(n: int, m: int) -> Work:
    return Work(flops=2 * 512 * n * m, bytes=4 * 512 * (n + m))


ROWS = [
    Row(
        "NEAT's scores",
        make,
        ours,
        {"table and Python loops": Peer(loops)},
        agree,
        work,
        toy={"n": 300, "m": 60},
        quick={"n": 5_000, "m": 1_000},
        full={"n": 50_000, "m": 5_000},
    )
]
