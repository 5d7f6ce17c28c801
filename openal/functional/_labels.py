"""Which class, group or cluster is each row of?"""

from typing import Any

import torch
from torch import Tensor

from openal._checks import as_integers
from openal.errors import ArrayError

__all__ = ["as_labels"]


def as_labels(labels: Any, argument: str, rows: Tensor, *, count: int | None = None) -> Tensor:
    """The labels int64 [n] of rows [n, ...], on their device; with `count` each in 0..count-1."""
    found = as_integers(labels, argument)
    if len(found) != len(rows):
        raise ArrayError(f"{argument} must be one for each of {len(rows)} rows, got {len(found)}.")
    if count is not None:
        outside = ((found < 0) | (found >= count)).nonzero()[0]
        if len(outside):
            at = outside[0]
            raise ArrayError(f"{argument}[{at}] is {found[at]}; it must be in 0..{count - 1}.")
    return torch.from_numpy(found).to(rows.device)
