"""TypicalPerCluster (TypiClust): the most typical candidate of every cluster with few answers."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import torch
from torch import Tensor

from openal._checks import as_count
from openal._seeds import drawn_seed
from openal.functional._rows import directions_of
from openal.functional.k_means import k_means
from openal.functional.typicality import typicality
from openal.parts import Part, signal
from openal.selection.top_per_group import in_passes
from openal.step import Step
from openal.view import View

__all__ = ["TypicalPerCluster"]

FEW_CLUSTERS = 50
"""Up to how many clusters k-means sees all items in every step, as in the paper."""


@dataclass(frozen=True)
class TypicalPerCluster(Part):
    """Clusters all items, and keeps the most typical candidate of each cluster in turn.

    Candidates and answered items, UNKNOWN ones too, are clustered by the directions of their
    embeddings into as many clusters as there are answers and budget together. The clusters with the
    fewest answers go first, the larger first among these, and every pass takes one candidate of
    each. Neighbors are those of the cluster, answered or not.

    Args:
        k: how many neighbors tell how typical an item is, at least 1; 20, as in the paper.
        max_clusters: how many clusters there are at most, at least 1; 500, as in the authors' code.
        min_size: clusters of fewer items give theirs when all others have none left, at least 0; 5,
            as in the authors' code.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: `k` or `max_clusters` below 1, `min_size` below 0.

    Reference: Hacohen, Dekel and Weinshall, "Active Learning on a Budget: Opposite Strategies
    Suit High and Low Budgets" (TypiClust), ICML 2022.
    """

    cites = ("hacohen2022active",)

    narrows_to_budget: ClassVar[bool] = True

    k: int = 20
    _: KW_ONLY
    max_clusters: int = 500
    min_size: int = 5
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_count(self.k, "k", minimum=1)
        as_count(self.max_clusters, "max_clusters", minimum=1)
        as_count(self.min_size, "min_size")

    def __call__(self, view: View, budget: int) -> Step:
        """The most typical candidates of the clusters, in turn."""
        n, budget = len(view.pool), min(budget, len(view.pool))
        items = [rows[self.embeddings] for rows in (view.pool, view.known, view.invalid)]
        vectors = directions_of(torch.cat(items))
        labels = self._clusters(view, vectors, len(vectors) - n + budget)
        typical = typicality(vectors, labels, self.k)[:n]
        sizes, answers = labels.bincount(), labels[n:].bincount(minlength=int(labels.max()) + 1)
        ranks = answers * (len(labels) + 1) - sizes  # by answers, then by size
        rows = in_passes(labels[:n], typical, ranks)
        small = sizes[labels[rows]] < self.min_size
        rows = rows[small.byte().argsort(stable=True)][:budget]
        return Step(self, view.pool.indices, rows.cpu().numpy())

    def _clusters(self, view: View, vectors: Tensor, count: int) -> Tensor:
        count = min(count, self.max_clusters)
        seed = drawn_seed(view.generator())
        return k_means(vectors, count, seed=seed, mini_batch=count > FEW_CLUSTERS or None).labels
