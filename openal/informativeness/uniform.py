"""Every candidate teaches equally much."""

from dataclasses import dataclass

import torch
from torch import Tensor

from openal.view import View

__all__ = ["Uniform"]


@dataclass(frozen=True)
class Uniform:
    """A number drawn uniformly from [0, 1) for each candidate: a random order."""

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], float64."""
        # Drawn in the order of the indices, so that the order of the candidates does not matter.
        return view.random()[torch.from_numpy(view.pool.indices.argsort().argsort())]
