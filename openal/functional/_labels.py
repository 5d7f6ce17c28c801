"""Labels of rows, checked: one integer for each, in its range."""

from typing import Any

import torch
from torch import Tensor

from openal._checks import as_integers
from openal.errors import ArrayError

__all__ = ["as_labels"]


def as_labels(labels: Any, argument: str, rows: Tensor, *, count: int | None = None) -> Tensor:
    """The labels int64 [n] of rows [n, ...], on their device; with `count` each in 0..count-1."""
    numbers = as_integers(labels, argument)
    n = len(numbers)
    if n != len(rows):
        raise ArrayError(f"{argument} must be one for each of {len(rows)} rows, got {n}.")
    if count is not None:
        outside = ((numbers < 0) | (numbers >= count)).nonzero()[0]
        if len(outside):
            at = outside[0]
            raise ArrayError(f"{argument}[{at}] is {numbers[at]}; it must be in 0..{count - 1}.")
    return torch.from_numpy(numbers).to(rows.device)
