"""Sums over groups whose members stand next to each other; no loop over the groups."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

__all__ = ["Segments"]


@final
@dataclass(frozen=True)
class Segments:
    """Runs of neighboring points: the first `lengths[0]` points, the next `lengths[1]`, ..."""

    lengths: Tensor  # [G] int64

    @cached_property
    def owners(self) -> Tensor:
        """The group of each point [n]."""
        return torch.repeat_interleave(self.lengths)

    @cached_property
    def starts(self) -> Tensor:
        """The position of each group's first point [G]."""
        return self.lengths.cumsum(0) - self.lengths

    def reduce(self, points: Tensor, how: str = "sum") -> Tensor:
        """The sum, max or min of each group [..., G] of points [..., n]; a sum of nothing is 0."""
        shape = points.shape[:-1]
        lengths = self.lengths.repeat(shape.numel())
        return torch.segment_reduce(points.reshape(-1), how, lengths=lengths).reshape(*shape, -1)

    def spread(self, values: Tensor) -> Tensor:
        """Values of groups [G] given to their points [n]."""
        return values.index_select(0, self.owners)
