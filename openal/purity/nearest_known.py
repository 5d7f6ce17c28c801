"""How near is the nearest item of a known class?"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from openal.functional import knn
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
        """Purity [n]."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool))
        return view.once(("nearest known", self.embeddings), self._search)

    def _search(self, view: View) -> Tensor:
        references = view.known[self.embeddings]
        return view.map(partial(_largest_cosine, references=references), self.embeddings)


def _largest_cosine(block: Tensor, references: Tensor) -> Tensor:
    return knn(block, references, 1).similarity[:, 0]
