"""Scores brought to one range, and a second criterion that decides between equals."""

import torch
from torch import Tensor

__all__ = ["TIE_WEIGHT", "unit_range", "with_ties_broken"]


def unit_range(values: Tensor) -> Tensor:
    """The values [n], n > 0, from 0 for the least to 1 for the largest; 0 where all are equal.

    >>> unit_range(torch.tensor([3.0, 5.0, 4.0]))
    tensor([0.0000, 1.0000, 0.5000])
    """
    values = values - values.min()
    return values / values.max().clamp(min=torch.finfo(values.dtype).tiny)


TIE_WEIGHT = 1e-9
"""How much a second criterion may move a score: enough to break ties, and no more."""


def with_ties_broken(score: Tensor, standing: Tensor) -> Tensor:
    """The score [n], float64 in [0, 1], moved by a hair towards the standing [n] in [0, 1]."""
    return (1 - TIE_WEIGHT) * score + TIE_WEIGHT * standing
