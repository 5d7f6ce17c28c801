"""The b items of a pool that a model is least sure of."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.special import softmax
from torch import Tensor

from benchmarks.data import logits_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import entropy, least_confidence, margin
from openal.query import best_rows

Score = Callable[[Any], Any]


def make(n: int, classes: int, b: int) -> Arrays:
    return {"logits": logits_like(n, classes), "b": b}


def ours(logits: Tensor, b: int, *, score: Score) -> np.ndarray:
    return best_rows(score(logits), b)


def in_torch(logits: Tensor, b: int, *, score: Score) -> np.ndarray:
    return score(logits.softmax(dim=1)).topk(b).indices.numpy()


def in_numpy(logits: Tensor, b: int, *, score: Score) -> np.ndarray:
    return np.argsort(-score(softmax(logits.numpy(), axis=1)))[:b]


def scikit_activeml(logits: Tensor, b: int, *, method: str) -> np.ndarray:
    from skactiveml.pool import uncertainty_scores

    scores = uncertainty_scores(logits.softmax(dim=1).numpy(), method=method)
    return np.argpartition(-scores, b)[:b]


def torch_margin(p: Tensor) -> Tensor:
    best = p.topk(2).values
    return 1 - (best[:, 0] - best[:, 1])


def numpy_margin(p: np.ndarray) -> np.ndarray:
    ordered = np.sort(p, axis=1)
    return 1 - (ordered[:, -1] - ordered[:, -2])


def agree(mine: np.ndarray, theirs: np.ndarray, logits: Tensor, b: int) -> Agreement:
    """In single precision, two that are nearly as unsure may change places at the edge."""
    shared = len(np.intersect1d(mine, theirs))
    return Agreement(shared >= 0.99 * b, f"{shared} of {b} items")


def work(n: int, classes: int, b: int) -> Work:
    return Work(bytes=4 * n * classes)


def row(score: Score, torch_score: Score, numpy_score: Score, method: str) -> Row:
    return Row(
        f"{score.__name__}, top b",
        make,
        partial(ours, score=score),
        {
            "torch one-liner": Peer(partial(in_torch, score=torch_score)),
            "NumPy one-liner": Peer(partial(in_numpy, score=numpy_score)),
            "scikit-activeml": Peer(
                partial(scikit_activeml, method=method), needs="scikit-activeml"
            ),
        },
        agree,
        work,
        toy={"n": 500, "classes": 5, "b": 20},
        quick={"n": 50_000, "classes": 100, "b": 1500},
        full={"n": 1_000_000, "classes": 100, "b": 1500},
    )


ROWS = [
    row(
        entropy,
        lambda p: -(p * (p + 1e-12).log()).sum(dim=1),
        lambda p: -(p * np.log(p + 1e-12)).sum(axis=1),
        "entropy",
    ),
    row(margin, torch_margin, numpy_margin, "margin_sampling"),
    row(
        least_confidence,
        lambda p: 1 - p.max(dim=1).values,
        lambda p: 1 - p.max(axis=1),
        "least_confident",
    ),
]
