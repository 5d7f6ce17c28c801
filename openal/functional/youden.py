"""Youden's J: the threshold of a score that tells two kinds of answers apart best."""

from math import inf

import torch
from torch import Tensor

from openal._checks import as_finite, as_tensor
from openal.errors import ArrayError

__all__ = ["youden_threshold"]


def youden_threshold(scores: Tensor, is_known: Tensor) -> float:
    """The threshold above which most known and fewest unknown scores lie.

    Largest is the share of the known that score above it, plus the share of the unknown that do
    not. It lies halfway between two neighboring scores; of several that are equally good, the
    lowest is taken, which lets the most pass.

    Args:
        scores: of answered items, [m], larger = more likely known.
        is_known: which of them are of a known class, bool [m]; both kinds must be there.

    Returns:
        The threshold, a float; -inf where letting all pass is best.

    Raises:
        ArrayError: scores that are not finite, another length, or one kind of answers only.

    Reference: Youden, "Index for Rating Diagnostic Tests", Cancer 1950.

    >>> youden_threshold(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([False, True, True]))
    1.5
    """
    scores = as_finite(scores, "scores", ndim=1).double()
    is_known = as_tensor(is_known, "is_known").to(scores.device)
    if is_known.dtype != torch.bool or is_known.shape != scores.shape:
        raise ArrayError(f"is_known must be flags [{len(scores)}], got {tuple(is_known.shape)}.")
    known, unknown = (int(is_known.sum()), int((~is_known).sum()))
    if not (known and unknown):
        raise ArrayError(f"is_known must hold both kinds, got {known} known, {unknown} unknown.")
    values, place = scores.unique(return_inverse=True)
    step = torch.where(is_known, -unknown, known)  # whole numbers: ties are exact
    gained = torch.zeros(len(values), dtype=torch.int64, device=scores.device)
    gained = gained.index_add(0, place, step.to(gained)).cumsum(0)
    if int(gained.max()) <= 0:
        return -inf
    best = int(gained.argmax())
    below, above = float(values[best]), float(values[best + 1])  # the last gains 0: not the best
    halfway = below / 2 + above / 2
    return halfway if below <= halfway < above else below
