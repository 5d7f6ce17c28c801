"""The b items about which the samples of a Bayesian model disagree most."""

import numpy as np
from torch import Tensor

from benchmarks.data import logits_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import bald
from openal.query import best_rows


def make(n: int, samples: int, classes: int, b: int) -> Arrays:
    return {"logits": logits_like(n, classes, samples), "b": b}


def ours(logits: Tensor, b: int) -> np.ndarray:
    return best_rows(bald(logits), b)


def in_torch(logits: Tensor, b: int) -> np.ndarray:
    p = logits.softmax(dim=2)
    mean = p.mean(dim=1)
    of_mean = -(mean * (mean + 1e-12).log()).sum(dim=1)
    return (of_mean + (p * (p + 1e-12).log()).sum(dim=2).mean(dim=1)).topk(b).indices.numpy()


def baal(logits: Tensor, b: int) -> np.ndarray:
    """It takes probabilities [n, classes, samples]."""
    from baal.active.heuristics import BALD

    p = logits.softmax(dim=2).permute(0, 2, 1)
    return BALD()(p.numpy())[:b]


def agree(mine: np.ndarray, theirs: np.ndarray, logits: Tensor, b: int) -> Agreement:
    shared = len(np.intersect1d(mine, theirs))
    return Agreement(shared >= 0.99 * b, f"{shared} of {b} items")


def work(n: int, samples: int, classes: int, b: int) -> Work:
    return Work(bytes=4 * n * samples * classes)


ROWS = [
    Row(
        "bald, top b",
        make,
        ours,
        {"torch, as written": Peer(in_torch), "baal BALD": Peer(baal, needs="baal")},
        agree,
        work,
        toy={"n": 300, "samples": 5, "classes": 4, "b": 20},
        quick={"n": 20_000, "samples": 10, "classes": 10, "b": 1500},
        full={"n": 200_000, "samples": 20, "classes": 20, "b": 1500},
    )
]
