"""Scores of different scales, brought to one range."""

import torch
from torch import Tensor

__all__ = ["unit_range"]


def unit_range(values: Tensor) -> Tensor:
    """The values [n], n > 0, from 0 for the least to 1 for the largest; 0 where all are equal.

    >>> unit_range(torch.tensor([3.0, 5.0, 4.0]))
    tensor([0.0000, 1.0000, 0.5000])
    """
    values = values - values.min()
    return values / values.max().clamp(min=torch.finfo(values.dtype).tiny)
