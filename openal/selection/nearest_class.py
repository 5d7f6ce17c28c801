"""Groups candidates by the known item that they resemble most."""

from dataclasses import dataclass

import torch
from torch import Tensor

from openal.neighbors import known_neighbors
from openal.view import View, reads

__all__ = ["NearestClass"]


@dataclass(frozen=True)
class NearestClass:
    """Groups: the class of the nearest item of a known class (cosine); before any, class 0.

    Items answered UNKNOWN have no class. Of equally near items the lowest index counts.
    """

    embeddings: str = reads("embeddings")

    def __call__(self, view: View) -> Tensor:
        """The classes, int64 [n]."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool), dtype=torch.int64, device="cpu")
        return known_neighbors(view, 1, self.embeddings)[0][:, 0]
