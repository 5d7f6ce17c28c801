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

    Equal shares come in random order, by the query's seed; before the first UNKNOWN all shares are
    equal. Above 0.5 a candidate counts as known.

    Args:
        k: how many answers are neighbors, at least 1, at most all; 10, as in the paper.
        rule: "count" keeps the share as it is, the authors' code; "majority" raises every share
            above one half to 1; "all", the paper's text, halves every share below 1.
        tie_break: how equal shares are ordered: "random", or "nearest", which before the first
            UNKNOWN puts first what is nearer to its neighbors on average, and after it draws too.
        embeddings: name of the signal [N, D].
        probes: for 50 000 answers and more, how many of the about 4 sqrt(m) cells of a Faiss index
            are searched, at least 1: most of the nearest (`approximate_knn`;
            `pip install openal[faiss]`). None: exact neighbors.

    Raises:
        ArgumentError: `k` or `probes` below 1.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation",
    AAAI 2024 (NEAT). The paper states "all"; the authors' code ranks by count, equal ones in the
    order of its loader, which is shuffled.
    """

    cites = ("mao2024inconsistency",)

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    k: int = 10
    _: KW_ONLY
    rule: Literal["count", "majority", "all"] = "count"
    tie_break: Literal["random", "nearest"] = "random"
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
        return with_ties_broken(share, self._standing(view, similarity))

    def _standing(self, view: View, similarity: Tensor) -> Tensor:
        """What orders equal shares [n]: at most one half, so that one half never rises above it."""
        if self.tie_break == "nearest" and len(view.invalid) == 0:
            return (1 + similarity.double().mean(dim=1)) / 4
        return view.random().to(similarity.device) / 2
