"""PrototypePurity (CLIPNAL, OpenPath): how near the labeled images of the nearest class are."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar, Literal

import torch
from torch import Tensor

from openal._threads import one_thread
from openal.functional import class_prototypes, prototype_cosines
from openal.functional._rows import unit_rows
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["PrototypePurity"]


@dataclass(frozen=True)
class PrototypePurity(Part):
    """The mean cosine with the labeled images of the nearest class: CLIPNAL's visual weights alone.

    Without a known answer all candidates are equal, and the order is random.

    Args:
        embeddings: name of the signal [N, D].
        of: "images", the mean of the cosines with the images of a class; or "mean", the cosine with
            the mean of their rows as they are (OpenPath), which long rows pull to themselves.

    Reference: CLIPNAL, arXiv 2408.04917, eqs. 5-6; "mean": Zhong et al., "OpenPath: Open-Set Active
    Learning for Pathology Image Classification via Pre-trained Vision-Language Models", MICCAI
    2025.
    """

    role: ClassVar[Role] = "purity"

    embeddings: str = signal("embeddings")
    _: KW_ONLY
    of: Literal["images", "mean"] = "images"

    @property
    def cites(self) -> tuple[str, ...]:
        """The paper of the mean."""
        return ("heo2024avoid",) if self.of == "images" else ("zhong2025openpath",)

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [-1, 1]; below -1 without a known answer."""
        if len(view.known) == 0:
            return view.unordered(-2.0)
        z = view.known[self.embeddings]
        labels = view.labels.to(z.device)
        make = class_prototypes if self.of == "images" else _mean_directions
        prototypes = make(z, labels, view.num_classes)
        return view.map(partial(_nearest, prototypes=prototypes), self.embeddings)


def _nearest(embeddings: Tensor, prototypes: Tensor) -> Tensor:
    return prototype_cosines(embeddings, prototypes).amax(dim=1)


@one_thread()  # which adds in the order of the rows
def _mean_directions(rows: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """The direction [K, D], float64, of the mean row of each class; NaN of a class without rows."""
    z = rows.double()
    means = [z[labels == label].mean(dim=0) for label in range(num_classes)]
    directions = torch.stack(means)
    return torch.where(directions.isnan(), directions, unit_rows(directions.nan_to_num()))
