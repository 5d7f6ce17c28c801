"""KMeansPlusPlus (BADGE), KMeansCenters (AlphaMix): a query spread over clusters."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from openal._seeds import drawn_seed
from openal.functional import gradient_kmeans_pp, kmeans_pp
from openal.functional._rows import row_lengths
from openal.functional.k_means import k_means
from openal.parts import Part
from openal.selection.top_per_group import in_passes
from openal.selection.vectors import GradientEmbedding, as_vectors, vectors_of
from openal.step import Step
from openal.view import View

__all__ = ["KMeansCenters", "KMeansPlusPlus"]


@dataclass(frozen=True)
class KMeansPlusPlus(Part):
    """Keeps the budget's worth of candidates, drawn like the first centers of k-means++.

    The longest vector comes first, then each candidate with probability proportional to its squared
    distance to the nearest before it. A candidate's distance depends on what is drawn before it, so
    the step has no scores.

    Args:
        vectors: name of a signal [N, d], a function of a view that gives [n, d], or a
            `GradientEmbedding`, which gives logits and features; the last by default, as in BADGE.

    Raises:
        ArgumentError: `vectors` that are neither a name nor a function of a view.
        ScoreError: in a query, vectors that are no tensor [n, d].

    Reference: Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA 2007;
    Ash et al., "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds" (BADGE),
    ICLR 2020.
    """

    cites = ("arthur2007kmeans",)

    narrows_to_budget: ClassVar[bool] = True

    vectors: Any = field(default_factory=GradientEmbedding)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "vectors", as_vectors(self.vectors))

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates in the order of drawing."""
        # In the order of the indices, so that a draw does not depend on how they were ranked.
        order = view.pool.indices.argsort()
        ordered, budget = view.at(torch.from_numpy(order)), min(budget, len(order))
        if isinstance(self.vectors, GradientEmbedding):
            rows = gradient_kmeans_pp(*self.vectors(ordered), budget, view.generator())
        else:
            rows = kmeans_pp(vectors_of(self.vectors, ordered), budget, view.generator())
        return Step(self, view.pool.indices, order[rows.cpu().numpy()])


@dataclass(frozen=True)
class KMeansCenters(Part):
    """Keeps the candidate nearest to each of `budget` k-means centers of their vectors.

    Large clusters go first. Where there are fewer distinct vectors than the budget, each cluster
    gives its second nearest, and so on; the step counts these as filled. The vectors of all
    candidates are held in memory: narrow first where there are too many.

    Args:
        vectors: name of a signal [N, d], or a function of a view that gives [n, d], such as
            `Directions()`.

    Raises:
        ArgumentError: `vectors` that are neither a name nor a function of a view.
        ScoreError: in a query, vectors that are no tensor [n, d].

    Reference: the choice of AlphaMix (Parvaneh et al., CVPR 2022).
    """

    cites = ("parvaneh2022active",)

    narrows_to_budget: ClassVar[bool] = True

    vectors: Any

    def __post_init__(self) -> None:
        super().__post_init__()
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
    gaps = (rows.double() - centers[owner].double() for rows, owner in blocks)
    return torch.cat([row_lengths(gap) for gap in gaps])
