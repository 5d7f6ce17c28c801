"""Class-balanced k-center greedy (Bengar et al., WACV 2022)."""

import torch
from torch import Tensor

from openal._checks import as_count, as_finite, as_number, as_tensor
from openal._threads import one_thread
from openal.errors import ArrayError
from openal.functional._euclidean import Space, check_places, nearer
from openal.functional._rows import piece_size, row_sums

__all__ = ["balanced_k_center"]


@one_thread()
def balanced_k_center(
    points: Tensor,
    centers: Tensor | None,
    probs: Tensor,
    required: Tensor,
    budget: int,
    *,
    lamb: float = 5.0,
) -> Tensor:
    """The points that are far from all centers and of classes that are still required, in turn.

    Each pick has the largest |x - nearest center| - lamb / K * |required - P - p|_1, where p are
    its probabilities and P the sum of those picked before it; ties go to the lowest row. Distances
    are those of `k_center_greedy`, and as there the first is taken from the mean of all where there
    are no centers. Memory beside the arguments: a copy of points and probs.

    Args:
        points: (N, D).
        centers: (m, D), on the device of the points; None or no rows: there are none yet.
        probs: (N, K), the classifier's probabilities.
        required: (K,), how many points are wanted of each class.
        budget: how many points to pick, at least 0; at most N are.
        lamb: the weight of the balance against the distance, in units of distance; 5 by default.

    Returns:
        (min(budget, N),), int64, rows in the order of picking, each once.

    Raises:
        ArrayError: arrays of other shapes or devices, or not finite; the message names the argument
            and the first bad row.
        ArgumentError: a `budget` that is no integer of at least 0, or a `lamb` that is no finite
            number.

    Reference: Bengar, van de Weijer, Fuentes and Raducanu, "Class-Balanced Active Learning for
    Image Classification", WACV 2022.
    """
    points = as_tensor(points, "points")
    centers = points[:0] if centers is None else as_tensor(centers, "centers")
    check_places(points, centers)
    probs, required = _check(probs, required, points)
    budget, weight = min(as_count(budget, "budget"), len(points)), as_number(lamb, "lamb")
    return _pick(points, centers, probs, required, budget, weight / probs.shape[1])


def _pick(
    points: Tensor, centers: Tensor, probs: Tensor, required: Tensor, budget: int, weight: float
) -> Tensor:
    space = Space.of(points, centers)
    pool = space.locate(points)
    chosen = torch.empty(budget, dtype=torch.int64, device=points.device)
    nearest = torch.full(points.shape[:1], torch.inf, dtype=torch.float64, device=points.device)
    if len(centers):
        nearer(space, pool, space.locate(centers), nearest)
    for place in range(budget):
        from_mean = place == 0 and len(centers) == 0
        squares = space.from_mean(points) if from_mean else nearest
        score = squares.sqrt() / space.scale - weight * _missing(probs, required)
        score[chosen[:place]] = -torch.inf
        best = int(score.argmax())
        chosen[place] = best
        required = required - probs[best]
        nearer(space, pool, pool.at(slice(best, best + 1)), nearest)
    return chosen


def _missing(probs: Tensor, required: Tensor) -> Tensor:
    """What is still required once a row is picked: |required - p|_1 for each row [n]."""
    return torch.cat([row_sums((some - required).abs()) for some in probs.split(piece_size(probs))])


def _check(probs: Tensor, required: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    probs, required = as_finite(probs, "probs", ndim=2), as_finite(required, "required", ndim=1)
    if len(probs) != len(points) or probs.shape[1:] != required.shape or not len(required):
        shapes = f"{tuple(probs.shape)} and {tuple(required.shape)}"
        raise ArrayError(f"probs and required must be ({len(points)}, K) and (K,), got {shapes}.")
    return probs.double().to(points.device), required.double().to(points.device)
