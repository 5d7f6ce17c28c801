"""ProbCover (Yehuda et al., NeurIPS 2022): few balls that hold as many points as can be."""

from math import sqrt
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count, as_finite, as_indices, as_number
from openal._threads import for_each, whole_parts
from openal.errors import ArrayError
from openal.functional._balls import (
    SLACK,
    MeasuredBalls,
    PackedBalls,
    apart,
    in_blocks,
    measured,
    nearness,
    row_bytes,
    within,
)
from openal.functional._cosines import NormalizedRows, normalized_rows
from openal.functional._labels import as_labels

__all__ = ["Covering", "prob_cover", "pure_radius"]

ROUNDING = 1e-9  # of a number of balls: 0.05 of 20 is 1
PACKED_BYTES = 2**26  # of balls that are kept, a bit a pair: those of 23 000 points


class Covering(NamedTuple):
    """Balls in the order of the cover, and how many points each is the first to hold.

    Attributes:
        centers: (c,), int64, rows of the points.
        gains: (c,), int64, never rising.
    """

    centers: Tensor  # int64 [c]
    gains: Tensor  # int64 [c], never rising


@whole_parts()
def prob_cover(
    embeddings: Tensor, answered: Tensor | None, budget: int, *, delta: float
) -> Covering:
    """Points whose balls hold the most points that no ball holds yet, best first (ProbCover).

    A ball holds what is at most `delta` away, between directions. Ties go to the lowest place. The
    greedy cover holds at least 1 - 1/e of what the best `budget` balls could.

    Each pair of points is measured once, and kept as a bit, of up to 23 000 points. Of more points
    nothing is kept: when a ball first holds a point, the counts of its neighbors, looked up then,
    fall by one. Every point is looked up at most once, so that all takes the time of one and a half
    tables of distances. Memory is 64 MiB and a few copies of the embeddings at most, whatever
    `delta` is.

    Args:
        embeddings: (N, D), of which the directions count.
        answered: (M, D), whose balls hold points already; or None.
        budget: how many balls at most, at least 0.
        delta: the radius of a ball, a distance between directions, 0 to 2; larger radii hold all.

    Returns:
        `Covering`: `centers` (c,) and `gains` (c,), int64; c is below `budget` where fewer balls,
        with those of the answered, hold every point.

    Raises:
        ArrayError: embeddings and answered that are not (N, D) and (M, D), or not finite; the
            message names the argument and the first bad row.
        ArgumentError: a `budget` that is no integer of at least 0, or a `delta` that is no finite
            number of at least 0.

    Reference: Yehuda, Dekel, Hacohen and Weinshall, "Active Learning Through a Covering Lens"
    (ProbCover), NeurIPS 2022, algorithm 1.

    >>> embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2], [0.0, 1.0]])
    >>> prob_cover(embeddings, None, 3, delta=0.12)
    Covering(centers=tensor([1, 3]), gains=tensor([3, 1]))
    """
    budget, delta = as_count(budget, "budget"), as_number(delta, "delta", minimum=0)
    points = measured(as_finite(embeddings, "embeddings", ndim=2))
    bare = torch.ones_like(points.lengths, dtype=torch.bool)
    around = None if answered is None else as_finite(answered, "answered", ndim=2)
    if around is not None and len(around):
        bare = ~_held(points, _like(points, around), delta)
    balls = _balls(points, delta)
    counts = balls.counts(bare)
    chosen: list[tuple[int, int]] = []
    while len(chosen) < budget and bare.any():
        gain, best = counts.max(dim=0)
        ball = bare & balls.ball(best)
        bare ^= ball
        if 2 * int(bare.sum()) < int(gain):
            counts = balls.counts(bare)
        else:
            counts -= balls.counts(ball)
        chosen.append((int(best), int(gain)))
    pairs = torch.tensor(chosen, dtype=torch.int64, device=bare.device)
    centers, gains = pairs.reshape(-1, 2).T
    return Covering(centers, gains)


@whole_parts()
def pure_radius(
    embeddings: Tensor, labels: Tensor, *, purity: float = 0.95, rows: Tensor | None = None
) -> float:
    """The largest radius at which the share of balls with a single label is at least `purity`.

    Args:
        embeddings: (N, D), N > 0, of which the directions count.
        labels: (N,), integers.
        purity: the share of balls that must be pure, 0 to 1; 0.95 is the paper's.
        rows: distinct indices into the embeddings, around which balls are tried; by default all.

    Returns:
        the radius, a float in [0, 2]; 2, which holds all, where every ball is pure.

    Raises:
        ArrayError: embeddings that are not (N, D) with N > 0, or not finite; labels that are not
            one for each row; rows outside 0..N-1 or repeated; the message names the argument and
            the first bad row.
        ArgumentError: a `purity` outside [0, 1].

    Reference: Yehuda, Dekel, Hacohen and Weinshall, "Active Learning Through a Covering Lens"
    (ProbCover), NeurIPS 2022, section 3.3, where a grid of radii is searched.

    >>> embeddings = torch.tensor([[1.0, 0.0], [4.0, 3.0], [3.0, 4.0], [0.0, 1.0]])
    >>> round(pure_radius(embeddings, torch.tensor([0, 0, 1, 1])), 4)
    0.2828
    """
    purity = as_number(purity, "purity", minimum=0, maximum=1)
    points = as_finite(embeddings, "embeddings", ndim=2)
    labels = as_labels(labels, "labels", points)
    if len(points) == 0:
        raise ArrayError("embeddings must have at least one row, got none.")
    indices = np.arange(len(points)) if rows is None else as_indices(rows, "rows", size=len(points))
    rows = torch.from_numpy(indices).to(points.device)
    distances = _to_other_labels(measured(points), labels, rows).sort().values
    impure = int((1 - purity) * len(distances) + ROUNDING)  # so many balls may be
    if impure >= len(distances):
        return 2.0
    # Balls are closed, and half their square is `SLACK` more: end before the other by twice that.
    return min(2.0, sqrt(max(0.0, float(distances[impure]) ** 2 - 4 * SLACK)))


def _held(points: NormalizedRows, answered: NormalizedRows, delta: float) -> Tensor:
    """Which points the balls around the answered hold, bool [N]."""
    held = torch.zeros_like(points.lengths, dtype=torch.bool)
    for _, block in in_blocks(answered, len(held)):
        held |= within(block, points, delta).any(dim=0)
    return held


def _like(points: NormalizedRows, answered: Tensor) -> NormalizedRows:
    """The directions of the answered, in the space of the points."""
    if answered.shape[1] != points.rows.shape[1]:
        width, shape = points.rows.shape[1], tuple(answered.shape)
        raise ArrayError(f"answered must be (M, {width}) as the embeddings, got {shape}.")
    return normalized_rows(answered.to(points.rows.device), points.units.dtype)


def _balls(points: NormalizedRows, delta: float) -> PackedBalls | MeasuredBalls:
    """Kept where memory allows: that is much faster."""
    n, on_cpu = len(points.lengths), points.lengths.device.type == "cpu"
    kept = on_cpu and n * row_bytes(n) <= PACKED_BYTES
    return PackedBalls.of(points, delta) if kept else MeasuredBalls(points, delta)


def _to_other_labels(points: NormalizedRows, labels: Tensor, rows: Tensor) -> Tensor:
    """From each of some rows to the nearest direction of another label [r], float64; or inf."""
    distances = torch.empty(len(rows), dtype=torch.float64, device=rows.device)

    def look(part: tuple[slice, NormalizedRows]) -> None:
        at, block = part
        near = nearness(block, points)
        near[labels[rows[at], None] == labels] = -torch.inf
        best, column = near.max(dim=1)
        own = torch.arange(len(best), device=column.device)
        distance = apart(block, points, own, column)
        distances[at] = distance.masked_fill(best == -torch.inf, torch.inf)

    for_each(in_blocks(points.at(rows), len(labels)), look)
    return distances
