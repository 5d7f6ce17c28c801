"""Scores brought to one range, and a second criterion that decides between equals."""

import torch
from torch import Tensor

from openal._checks import as_finite

__all__ = ["TIE_WEIGHT", "unit_range", "with_ties_broken"]


def unit_range(values: Tensor) -> Tensor:
    """The values brought to one range: 0 for the least, 1 for the largest; 0 where all are equal.

    Args:
        values: (n,), floating point; none stay none.

    Returns:
        (n,) in [0, 1], of the dtype of the values.

    Raises:
        ArrayError: values that are not finite or have another number of dimensions.

    Reference: min-max scaling, as EAOA's and E2OAL's authors' codes combine scores; Zong and Huang,
    CVPR 2025.

    >>> unit_range(torch.tensor([3.0, 5.0, 4.0]))
    tensor([0.0000, 1.0000, 0.5000])
    """
    values = as_finite(values, "values", ndim=1)
    if len(values) == 0:
        return values
    values = values - values.min()
    return values / values.max().clamp(min=torch.finfo(values.dtype).tiny)


TIE_WEIGHT = 1e-9
"""How much a second criterion may move a score: enough to break ties, and no more."""


def with_ties_broken(score: Tensor, standing: Tensor) -> Tensor:
    """The score, moved by a billionth towards a second criterion that decides between equals.

    Args:
        score: (n,), float64 in [0, 1].
        standing: (n,) in [0, 1]: of equal scores the larger comes first.

    Returns:
        (n,), float64 in [0, 1]: (1 - 1e-9) score + 1e-9 standing.

    Raises:
        RuntimeError: lengths that differ; from torch, for scores have been checked before.

    Reference: ours; the papers leave ties to the order of a sort.
    """
    return (1 - TIE_WEIGHT) * score + TIE_WEIGHT * standing
