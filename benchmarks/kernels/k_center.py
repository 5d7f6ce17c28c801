"""The points that are farthest from all centers, one after another."""

import numpy as np
from torch import Tensor

from benchmarks.data import Vectors, clip_like
from benchmarks.row import Agreement, Arrays, Peer, Row, Work
from openal.functional import k_center_greedy


def make(n: int, m: int, budget: int, vectors: Vectors = clip_like) -> Arrays:
    rows = vectors(n + m)
    return {"points": rows[m:], "centers": rows[:m], "budget": budget}


def ours(points: Tensor, centers: Tensor, budget: int) -> np.ndarray:
    return k_center_greedy(points, centers, budget).numpy()


def eager(points: Tensor, centers: Tensor, budget: int) -> np.ndarray:
    """Every pick is one product with all points; the rows are of unit length."""
    rows, given = points.numpy(), centers.numpy()
    blocks = np.array_split(rows, max(1, len(rows) // 1024))
    nearest = np.concatenate([(some @ given.T).max(axis=1) for some in blocks])
    picks = []
    for _ in range(budget):
        picks.append(int(nearest.argmin()))
        np.maximum(nearest, rows @ rows[picks[-1]], out=nearest)
        nearest[picks[-1]] = np.inf
    return np.array(picks)


def scikit_activeml(points: Tensor, centers: Tensor, budget: int) -> np.ndarray:
    from skactiveml.pool import CoreSet

    rows = np.concatenate([points.numpy(), centers.numpy()])
    labels = np.r_[np.full(len(points), np.nan), np.zeros(len(centers))]
    return CoreSet(random_state=0).query(rows, labels, batch_size=budget)


def small_text(points: Tensor, centers: Tensor, budget: int) -> np.ndarray:
    from small_text.query_strategies.coresets import greedy_coreset

    rows = np.concatenate([points.numpy(), centers.numpy()])
    places = np.arange(len(rows))
    pool, labeled = places[: len(points)], places[len(points) :]
    with np.errstate(invalid="ignore"):  # it takes the arc cosine of 1.0000001
        return greedy_coreset(rows, pool, labeled, budget, normalized=True, batch_size=1024)


def agree(
    mine: np.ndarray, theirs: np.ndarray, points: Tensor, centers: Tensor, budget: int
) -> Agreement:
    """The same picks; where two points are equally far but for rounding, the same radius."""
    same = int(np.cumprod(mine == theirs).sum())
    radii = [_radius(points, centers, picks) for picks in (mine, theirs)]
    text = f"{same} of {len(mine)} first picks; radius {radii[0]:.5f}, {radii[1]:.5f}"
    return Agreement(abs(radii[0] / radii[1] - 1) < 1e-3, text)


def _radius(points: Tensor, centers: Tensor, picks: np.ndarray) -> float:
    """The largest distance to the nearest center or pick."""
    chosen = points[picks]
    nearest = [
        ((some @ centers.T).amax(dim=1)).maximum((some @ chosen.T).amax(dim=1))
        for some in points.split(1024)
    ]
    return float(max((2 - 2 * each.min()).clamp(min=0).sqrt() for each in nearest))


def work(n: int, m: int, budget: int) -> Work:
    """That of the eager loop, which a lazy one need not do."""
    return Work(flops=2 * 512 * n * m, bytes=4 * 512 * n * budget)


ROWS = [
    Row(
        "k_center_greedy",
        make,
        ours,
        {
            "eager NumPy loop": Peer(eager),
            "scikit-activeml CoreSet": Peer(
                scikit_activeml, needs="scikit-activeml", steps=(2, 12)
            ),
            "small-text greedy_coreset": Peer(small_text, needs="small-text", steps=(1, 2)),
        },
        agree,
        work,
        toy={"n": 500, "m": 50, "budget": 60},
        quick={"n": 20_000, "m": 1_000, "budget": 400},
        full={"n": 200_000, "m": 5_000, "budget": 1500},
        real={"n": 13_000, "m": 1_000, "budget": 400},
    )
]
