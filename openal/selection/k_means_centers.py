"""Spreads the query: the candidate nearest to each of as many k-means centers."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from openal.functional.k_means import k_means
from openal.functional.rows import row_lengths
from openal.query import Step
from openal.seeds import drawn_seed
from openal.selection.passes import in_passes
from openal.selection.vectors import as_vectors, vectors_of
from openal.view import View

__all__ = ["KMeansCenters"]


@dataclass(frozen=True)
class KMeansCenters:
    """Keeps the candidate nearest to each of `budget` k-means centers of their vectors.

    `vectors` is the name of a signal, or a function of a view that gives [n, D], such as
    `Directions`. Large clusters go first. Where there are fewer distinct vectors than the budget,
    each cluster gives its second nearest, and so on; the step counts these as filled. The vectors
    of all candidates are held in memory: narrow first where there are too many.
    """

    vectors: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "vectors", as_vectors(self.vectors))

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates nearest to the centers."""
        budget = min(budget, len(view.pool))
        vectors = vectors_of(self.vectors, view)
        seed = drawn_seed(view.generator())
        labels, centers = k_means(vectors, budget, seed=seed)
        distance = _distances(vectors, labels, centers)
        largest_first = -labels.bincount(minlength=len(centers))
        rows = in_passes(labels, -distance, largest_first)[:budget].cpu().numpy()
        return Step(self, view.pool.indices, rows, n_filled=max(0, budget - len(centers)))


def _distances(vectors: Tensor, labels: Tensor, centers: Tensor) -> Tensor:
    """From every vector to the center of its cluster [n], float64; equal rows, equal distances."""
    blocks = zip(vectors.split(4096), labels.split(4096), strict=True)
    return torch.cat([row_lengths(each.double() - centers[at].double()) for each, at in blocks])
