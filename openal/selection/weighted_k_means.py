"""WeightedKMeans: clusters where the weight is, and of each the best candidate near its center."""

from dataclasses import KW_ONLY, dataclass, field
from math import ceil
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count, as_number
from openal.functional._nearest_centers import nearest_centers, squared_distances
from openal.functional.weighted_k_means import weighted_k_means
from openal.parts import Part, as_score
from openal.selection.combine import Product
from openal.selection.vectors import Directions, as_vectors, vectors_of
from openal.step import Step, best_rows
from openal.view import Score, View

__all__ = ["WeightedKMeans"]

SAMPLE = 20_000
"""Of more candidates so many carry the centers, drawn by weight."""

BLOCK_ROWS = 8192
"""How many vectors are held at a time while candidates go to their centers."""

NEARNESS = 2.0
"""What the squared distance to the center counts beside the logarithm of `pick`."""


@dataclass(frozen=True)
class WeightedKMeans(Part):
    """Keeps a candidate of each cluster of weighted k-means: the budget goes where the weight is.

    The first centers are candidates drawn with a chance like their weight; ten steps of k-means
    move them. Of each cluster the candidate with the largest log(pick) - 2 d^2 / mean(d^2) is kept,
    d the distance to the center; the cluster with the largest weight first. In the place of empty
    clusters come the largest weights that are left, and the step counts them as filled.

    Of more than 20,000 candidates as many, drawn by weight, carry the centers; all go to them.
    Time grows linearly with the candidates, memory with this sample.

    Args:
        vectors: name of a signal [N, d], or a function of a view that gives [n, d].
        weight: a score of at least 0: where the budget goes; None: evenly.
        pick: a score above 0: which candidate of a cluster is kept; None: the nearest to its
            center.
        clusters: how many clusters for each question, at least 1. With more than one, those with
            the largest product of weight and `pick` are asked.
        steps: of k-means, at least 0.

    Raises:
        ArgumentError: vectors or scores that are none, `clusters` below 1, `steps` below 0.
        ScoreError: in a query, a negative weight or pick; vectors that are no tensor [n, d].

    Reference: ours; Lloyd, 1982, and for the sample Duffield, Lund and Thorup, "Priority sampling
    for estimation of arbitrary subset sums", 2007.
    """

    cites = ("openal",)

    narrows_to_budget: ClassVar[bool] = True

    vectors: Any = field(default_factory=lambda: Directions("embeddings", centered=True))
    _: KW_ONLY
    weight: Score | None = None
    pick: Score | None = None
    clusters: float = 1.0
    steps: int = 10

    def __post_init__(self) -> None:
        for name in ("weight", "pick"):
            if getattr(self, name) is not None:
                as_score(getattr(self, name), name)
        super().__post_init__()
        as_number(self.clusters, "clusters", minimum=1)
        as_count(self.steps, "steps")
        object.__setattr__(self, "vectors", as_vectors(self.vectors))

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates of the clusters, largest cluster first."""
        # In the order of the indices, so that a draw does not depend on how they were ranked.
        order = view.pool.indices.argsort()
        ordered = view.at(torch.from_numpy(order)) if (np.diff(order) < 0).any() else view
        weight, pick = _at_least_0(self.weight, ordered), _at_least_0(self.pick, ordered)
        if not weight.any():
            weight = torch.ones_like(weight)
        count = min(ceil(self.clusters * budget), len(order))
        owner, squared = self._clustered(ordered, weight, count)
        nearness = NEARNESS * squared / squared.mean().clamp_min(torch.finfo(torch.float64).tiny)
        best = _best_of_each(owner, pick.log() - nearness, count)
        value = torch.zeros(count, dtype=torch.float64, device="cpu").index_add_(0, owner, weight)
        if self.clusters > 1:
            value[owner[best]] *= pick[best]
        best = best[value[owner[best]].sort(descending=True, stable=True).indices][:budget]
        rows = _filled(best.numpy(), weight, min(budget, len(order)))
        return Step(self, view.pool.indices, order[rows], n_filled=len(rows) - len(best))

    def _clustered(self, view: View, weight: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The cluster of each candidate [n], and the squared distance to its center [n]."""
        generator = view.generator()
        first = _drawn(weight, count, generator)
        carriers, their_weight = _sample(weight, generator)
        points = vectors_of(self.vectors, view.at(carriers))
        centers = vectors_of(self.vectors, view.at(first))
        their_weight = their_weight / their_weight.max()
        centers = weighted_k_means(points, their_weight, centers, self.steps)
        if len(carriers) == len(weight):
            return _assigned(points, centers)
        # Made first: small results between large blocks keep the heap from shrinking.
        owner, squared = torch.empty_like(weight, dtype=torch.int64), torch.empty_like(weight)
        for rows in torch.arange(len(weight), device="cpu").split(BLOCK_ROWS):
            points = vectors_of(self.vectors, view.at(rows))
            owner[rows], squared[rows] = _assigned(points, centers)
        return owner, squared


def _assigned(points: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    owner = nearest_centers(points, centers)
    return owner.cpu(), squared_distances(points, centers, owner).cpu()


def _at_least_0(score: Score | None, view: View) -> Tensor:
    """The scores [n] on the CPU, float64; ones where there is none."""
    if score is None:
        return torch.ones(len(view.pool), dtype=torch.float64, device="cpu")
    return Product(score)(view)


def _drawn(weights: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Rows drawn one after another without replacement, each with a chance like its weight.

    The first `count` of `weights` [n], at least 0, float64 on the CPU: int64, in the order of
    drawing. Rows of weight 0 come last, in their order. Efraimidis and Spirakis, "Weighted Random
    Sampling with a Reservoir", 2006.
    """
    uniform = torch.rand(len(weights), generator=generator, dtype=torch.float64, device="cpu")
    keys = weights.log() - (-(1 - uniform).log()).log()
    return keys.sort(descending=True, stable=True).indices[:count]


def _sample(weight: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The rows that carry the centers, ascending, and their weights: unbiased for any group."""
    if len(weight) <= SAMPLE:
        return torch.arange(len(weight), device="cpu"), weight
    uniform = torch.rand(len(weight), generator=generator, dtype=torch.float64, device="cpu")
    priority, rows = (weight / (1 - uniform)).sort(descending=True, stable=True)
    rows = rows[:SAMPLE].sort().values
    return rows, weight[rows].clamp_min(priority[SAMPLE])


def _best_of_each(owner: Tensor, value: Tensor, count: int) -> Tensor:
    """The row with the largest value of each cluster that has any, of equal ones the first."""
    order = value.sort(descending=True, stable=True).indices
    best = torch.full((count,), len(owner), dtype=torch.int64, device="cpu")
    best.scatter_reduce_(0, owner[order], torch.arange(len(owner), device="cpu"), "amin")
    return order[best[best < len(owner)]]


def _filled(best: np.ndarray, weight: Tensor, budget: int) -> np.ndarray:
    """The rows, and the largest weights that are left, up to the budget."""
    others = best_rows(weight, len(weight))
    others = others[~np.isin(others, best)]
    return np.concatenate([best, others[: budget - len(best)]])
