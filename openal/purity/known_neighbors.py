"""KnownNeighbors (NEAT): the share of known classes among the k nearest answers."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from openal._answered_neighbors import answered_neighbors
from openal._checks import as_count
from openal.functional.scaling import with_ties_broken
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["KnownNeighbors"]


@dataclass(frozen=True)
class KnownNeighbors(Part):
    """The share of known classes among the k nearest answered items (cosine), in [0, 1].

    Ties go to the candidate that is nearer to its neighbors on average, so that before the first
    UNKNOWN the ranking is by similarity to the known. Before any answer all are equal and the
    order is random. Above 0.5 a candidate counts as known.

    Args:
        k: how many answers are neighbors, at least 1, at most all; 10, as in the paper.
        rule: "count" keeps the share as it is, the authors' code; "majority" raises every share
            above one half to 1; "all", the paper's text, halves every share below 1.
        embeddings: name of the signal [N, D].
        probes: for 50 000 answers and more, how many of the about 4 sqrt(m) cells of a Faiss index
            are searched, at least 1: most of the nearest (`approximate_knn`;
            `pip install openal[faiss]`). None: exact neighbors.

    Raises:
        ArgumentError: `k` or `probes` below 1.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation",
    AAAI 2024 (NEAT). The paper states "all"; the authors' code ranks by count.
    """

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    k: int = 10
    _: KW_ONLY
    rule: Literal["count", "majority", "all"] = "count"
    embeddings: str = signal("embeddings")
    probes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        as_count(self.k, "k", minimum=1)
        if self.probes is not None:
            as_count(self.probes, "probes", minimum=1)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64."""
        labels, similarity = answered_neighbors(view, self.k, self.embeddings, self.probes)
        if labels.shape[1] == 0:
            return view.unordered(0.5)
        share = (labels >= 0).double().mean(dim=1)
        if self.rule == "majority":
            share = torch.where(share > 0.5, 1.0, share)
        elif self.rule == "all":
            share = torch.where(share == 1, 1.0, share / 2)
        # At most one half of TIE_WEIGHT, so that a share of one half stays at or below one half.
        nearness = (1 + similarity.double().mean(dim=1)) / 4
        return with_ties_broken(share, nearness)
