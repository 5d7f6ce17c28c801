"""Inconsistency (NEAT): how far the predicted class is from the votes of the answered neighbors."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar

from torch import Tensor

from openal._answered_neighbors import answered_neighbors
from openal._checks import as_count
from openal.functional import inconsistency, neighbor_votes
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["Inconsistency"]


@dataclass(frozen=True)
class Inconsistency(Part):
    """How far the predicted class is from the votes of the k nearest answered items.

    Largest, about k, where all neighbors agree on a class that the model does not predict.
    Neighbors answered UNKNOWN vote for none; without neighbors the value is log K for all.

    Args:
        k: how many answers are neighbors, at least 1, at most all; 10, as in the paper.
        embeddings: name of the signal [N, D].
        logits: name of the signal [N, K].
        probes: that of `KnownNeighbors`, at least 1; None: exact neighbors.

    Raises:
        ArgumentError: `k` or `probes` below 1.

    Reference: Mao, Xu and Guo, AAAI 2024 (NEAT), eq. 5.
    """

    cites = ("mao2024inconsistency",)

    role: ClassVar[Role] = "informativeness"

    k: int = 10
    _: KW_ONLY
    embeddings: str = signal("embeddings")
    logits: str = signal("logits")
    probes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        as_count(self.k, "k", minimum=1)
        if self.probes is not None:
            as_count(self.probes, "probes", minimum=1)

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        labels, _ = answered_neighbors(view, self.k, self.embeddings, self.probes)
        compare = partial(_against_votes, num_classes=view.num_classes)
        return view.map(compare, self.logits, labels)


def _against_votes(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    return inconsistency(logits, neighbor_votes(labels.to(logits.device), num_classes))
