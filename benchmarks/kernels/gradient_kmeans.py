"""BADGE: k-means++ over the gradients of the last layer."""

import warnings

import numpy as np
import torch
from torch import Tensor

from benchmarks.data import clip_like, logits_like
from benchmarks.fitted import fitted
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import gradient_kmeans_pp


def make(n: int, classes: int, budget: int) -> Arrays:
    return {"logits": logits_like(n, classes), "features": clip_like(n), "budget": budget}


def ours(logits: Tensor, features: Tensor, budget: int) -> np.ndarray:
    generator = torch.Generator().manual_seed(0)
    return gradient_kmeans_pp(logits, features, budget, generator).numpy()


def eager(logits: Tensor, features: Tensor, budget: int) -> np.ndarray:
    """Every pick is two products with all rows; the gradients are never made."""
    left, right = _residuals(logits), features.numpy()
    squares = (left**2).sum(axis=1) * (right**2).sum(axis=1)
    picks, random = [int(squares.argmax())], np.random.default_rng(0)
    nearest = np.full(len(left), np.inf, dtype=np.float32)
    for _ in range(budget - 1):
        last = picks[-1]
        found = squares + squares[last] - 2 * (left @ left[last]) * (right @ right[last])
        nearest = np.minimum(nearest, found.clip(min=0))
        nearest[last] = 0
        total = nearest.cumsum(dtype=np.float64)
        picks.append(int(np.searchsorted(total, random.random() * total[-1], side="right")))
    return np.array(picks)


def scikit_activeml(logits: Tensor, features: Tensor, budget: int) -> np.ndarray:
    from skactiveml.pool import Badge

    classifier = fitted(logits.softmax(dim=1).numpy())
    unknown = np.full(len(logits), np.nan)
    badge = Badge(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return badge.query(features.numpy(), unknown, classifier, fit_clf=False, batch_size=budget)


def agree(
    mine: np.ndarray, theirs: np.ndarray, logits: Tensor, features: Tensor, budget: int
) -> Agreement:
    """The first pick, and a mean squared distance to the nearest pick that is no worse.

    The rest is drawn. scikit-activeml draws by another law: it never takes a row to be farther than
    its own length, as if the origin were a pick.
    """
    left, right = _residuals(logits), features.numpy()
    means = [_potential(left, right, np.asarray(picks)) for picks in (mine, theirs)]
    no_worse = mine[0] == theirs[0] and means[0] < 1.1 * means[1]
    return Agreement(bool(no_worse), f"first pick; potential {means[0]:.4f}, {means[1]:.4f}")


def _potential(left: np.ndarray, right: np.ndarray, picks: np.ndarray) -> float:
    squares = (left**2).sum(axis=1) * (right**2).sum(axis=1)
    nearest = np.full(len(left), np.inf)
    for some in np.array_split(picks, max(1, len(picks) // 64)):
        products = (left @ left[some].T) * (right @ right[some].T)
        nearest = np.minimum(nearest, (squares[some] - 2 * products).min(axis=1))
    return float((squares + nearest).clip(min=0).mean())


def _residuals(logits: Tensor) -> np.ndarray:
    p = logits.softmax(dim=1)
    p[torch.arange(len(p)), p.argmax(dim=1)] -= 1
    return p.numpy()


def work(n: int, classes: int, budget: int) -> Work:
    """That of the eager loop, which drawing by rejection need not do."""
    return Work(bytes=4 * (512 + classes) * n * budget)


ROWS = [
    Row(
        "gradient_kmeans_pp",
        make,
        ours,
        {
            "eager factored NumPy loop": Peer(eager),
            "scikit-activeml Badge": Peer(scikit_activeml, needs="scikit-activeml", steps=(1, 4)),
        },
        agree,
        work,
        toy={"n": 1000, "classes": 5, "budget": 100},
        quick={"n": 8_000, "classes": 10, "budget": 400},
        full={"n": 50_000, "classes": 10, "budget": 1500},
    )
]
