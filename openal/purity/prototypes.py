"""PrototypePurity (CLIPNAL): the mean cosine with the labeled images of the nearest class."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from torch import Tensor

from openal.functional import class_prototypes, prototype_cosines
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["PrototypePurity"]


@dataclass(frozen=True)
class PrototypePurity(Part):
    """The mean cosine with the labeled images of the nearest class: CLIPNAL's visual weights alone.

    Without a known answer all candidates are equal, and the order is random.

    Args:
        embeddings: name of the signal [N, D].

    Reference: CLIPNAL, arXiv 2408.04917, eqs. 5-6.
    """

    role: ClassVar[Role] = "purity"

    embeddings: str = signal("embeddings")

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [-1, 1]; below -1 without a known answer."""
        if len(view.known) == 0:
            return view.unordered(-2.0)
        z = view.known[self.embeddings]
        prototypes = class_prototypes(z, view.labels.to(z.device), view.num_classes)
        return view.map(partial(_nearest, prototypes=prototypes), self.embeddings)


def _nearest(embeddings: Tensor, prototypes: Tensor) -> Tensor:
    return prototype_cosines(embeddings, prototypes).amax(dim=1)
