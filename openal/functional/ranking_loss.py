"""Which of two samples has the larger loss? What a loss predictor is trained to say."""

import torch
from torch import Tensor

from openal.checks import as_finite, as_number
from openal.errors import ArrayError

__all__ = ["ranking_loss"]


def ranking_loss(
    predicted: Tensor, losses: Tensor, *, margin: float = 1.0, reduce: bool = True
) -> Tensor:
    """How far predicted losses are from ranking each pair as the true losses do.

    From predicted and true losses, both (B,), to their mean, or (B // 2,) with `reduce=False`:
    for the pairs (0, 1), (2, 3), ... the hinge max(0, margin - s (predicted_a - predicted_b)),
    s = 1 where loss a is larger than loss b, else -1. The last of an odd number has no pair;
    without pairs the mean is 0. Differentiable in `predicted`; the true losses are constants.

    Yoo and Kweon, Learning Loss for Active Learning, CVPR 2019, eq. 2. Their code pairs i with
    B - 1 - i, which is the same for shuffled batches, and refuses odd ones.

    >>> predicted = torch.tensor([0.1, 0.9, 0.4, 0.2, 7.0])
    >>> ranking_loss(predicted, torch.tensor([1.0, 2.0, 3.0, 0.5, 9.0]), reduce=False)
    tensor([0.2000, 0.8000])
    """
    margin = as_number(margin, "margin", above=0)
    predicted, losses = _require_same(predicted, losses)
    paired = len(predicted) // 2 * 2
    first, second = predicted[:paired].reshape(-1, 2).unbind(dim=1)
    larger = losses[:paired:2] > losses[1:paired:2]
    hinge = (margin - torch.where(larger, first - second, second - first)).clamp(min=0)
    return hinge.sum() / max(1, len(hinge)) if reduce else hinge


def _require_same(predicted: Tensor, losses: Tensor) -> tuple[Tensor, Tensor]:
    checked, losses = as_finite(predicted, "predicted", ndim=1), as_finite(losses, "losses", ndim=1)
    # What was checked is detached; the gradient must find its way back.
    predicted = predicted.to(checked.dtype) if isinstance(predicted, Tensor) else checked
    if losses.shape != predicted.shape:
        raise ArrayError(f"losses must be as many as predicted, {len(predicted)}: {len(losses)}.")
    return predicted, losses
