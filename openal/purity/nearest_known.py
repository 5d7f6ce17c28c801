"""How near is the nearest item of a known class?"""

from dataclasses import dataclass

import torch
from torch import Tensor

from openal.neighbors import known_neighbors
from openal.view import View, reads

__all__ = ["NearestKnown"]


@dataclass(frozen=True)
class NearestKnown:
    """The largest cosine with an item that was answered with a class, in [-1, 1].

    Items answered UNKNOWN say nothing. Before any known answer all candidates score 0.

    Reference: Park et al., "Meta-Query-Net: Resolving Purity-Informativeness Dilemma in Open-set
    Active Learning", NeurIPS 2022: the purity, without the norm that CSI multiplies by.
    """

    embeddings: str = reads("embeddings")

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool), dtype=torch.float64, device="cpu")
        return known_neighbors(view, 1, self.embeddings)[1][:, 0]
