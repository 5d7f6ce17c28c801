"""Groups candidates by the known item that they resemble most."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from openal.functional import knn
from openal.view import View, reads

__all__ = ["NearestClass"]


@dataclass(frozen=True)
class NearestClass:
    """Groups: the class of the nearest item of a known class (cosine); before any, class 0.

    Items answered UNKNOWN have no class. Equally near items count for the one answered first.
    """

    embeddings: str = reads("embeddings")

    def __call__(self, view: View) -> Tensor:
        """The classes, int64 [n]."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool), dtype=torch.int64)
        return view.once(("nearest class", self.embeddings), self._search)

    def _search(self, view: View) -> Tensor:
        references = view.known[self.embeddings]
        labels = view.labels.to(references.device)
        return view.map(partial(_nearest, references=references, labels=labels), self.embeddings)


def _nearest(block: Tensor, references: Tensor, labels: Tensor) -> Tensor:
    return labels[knn(block, references, 1).indices[:, 0]]
