"""Spreads the choice at random: each next candidate is likely to be far from those before it."""

from dataclasses import dataclass, field
from typing import Any

import torch

from openal.functional import gradient_kmeans_pp, kmeans_pp
from openal.query import Step
from openal.selection.vectors import GradientEmbedding, as_vectors, vectors_of
from openal.view import View

__all__ = ["KMeansPlusPlus"]


@dataclass(frozen=True)
class KMeansPlusPlus:
    """Keeps the budget's worth of candidates, drawn like the first centers of k-means++.

    `vectors` is the name of a signal, a function of a view that gives [n, d], or a
    `GradientEmbedding`, which gives logits and features. The longest vector comes first, then each
    candidate with probability proportional to its squared distance to the nearest before it. A
    candidate's distance depends on what is drawn before it, so the step has no scores.

    Reference: Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA 2007;
    Ash et al., "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds" (BADGE),
    ICLR 2020.
    """

    vectors: Any = field(default_factory=GradientEmbedding)

    def __post_init__(self) -> None:
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
