"""Cover (ProbCover): the candidates whose surroundings hold the most that is not covered yet."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import torch
from torch import Tensor

from openal._checks import as_count, as_number
from openal._seeds import drawn_seed
from openal.functional._rows import directions_of
from openal.functional.k_center import k_center_greedy
from openal.functional.k_means import k_means
from openal.functional.prob_cover import prob_cover, pure_radius
from openal.parts import Part, signal
from openal.step import Step
from openal.view import View

__all__ = ["Cover"]

BALLS = 2048
"""The radius is estimated from no more balls than that, drawn by the seed."""


@dataclass(frozen=True)
class Cover(Part):
    """Keeps the candidates whose balls hold the most candidates that no ball holds yet, in turn.

    Balls lie around directions of `embeddings`; those of answered items, UNKNOWN ones too, hold
    theirs from the start. Once every candidate is held, the farthest from all answered and chosen
    ones follow, one after another; the step counts these as filled. Its scores are how many
    candidates a chosen ball is the first to hold; below 0 and falling for the filled, -1 for all
    others. The query's diagnostics hold `delta`.

    Args:
        delta: the radius, at least 0, a distance of directions, 0 to 2; None: the largest at which
            enough balls are pure, estimated on at most 2048 of them, drawn by the seed.
        purity: the share of balls that must hold one pseudo-label only, 0 to 1; 0.95, as in the
            paper.
        num_clusters: how many clusters of k-means are the pseudo-labels, at least 1; None: as many
            as known classes, but at least two.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: `delta` below 0, `purity` outside of [0, 1], `num_clusters` below 1.

    Reference: Yehuda et al., "Active Learning Through a Covering Lens", NeurIPS 2022.
    """

    cites = ("yehuda2022active",)

    narrows_to_budget: ClassVar[bool] = True

    delta: float | None = None
    _: KW_ONLY
    purity: float = 0.95
    num_clusters: int | None = None
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delta is not None:
            as_number(self.delta, "delta", minimum=0)
        as_number(self.purity, "purity", minimum=0, maximum=1)
        if self.num_clusters is not None:
            as_count(self.num_clusters, "num_clusters", minimum=1)

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates that cover, in the order of the cover, then the farthest."""
        budget = min(budget, len(view.pool))
        pool = directions_of(view.pool[self.embeddings])
        answers = [directions_of(rows[self.embeddings]) for rows in (view.known, view.invalid)]
        answered = torch.cat(answers).to(pool)
        delta = self.delta
        if delta is None:
            delta = self._radius(view, torch.cat([pool, answered]))
        view.notes["delta"] = delta
        centers, gains = prob_cover(pool, answered, budget, delta=delta)
        farthest = _farthest(pool, answered, centers, budget - len(centers))
        scores = torch.full((len(pool),), -1.0, dtype=torch.float64, device=pool.device)
        scores[centers] = gains.double()
        places = torch.arange(1, len(farthest) + 1, device=scores.device, dtype=scores.dtype)
        scores[farthest] = -places / (len(farthest) + 1)
        rows = torch.cat([centers, farthest]).cpu().numpy()
        return Step(self, view.pool.indices, rows, scores, n_filled=len(farthest))

    def _radius(self, view: View, vectors: Tensor) -> float:
        """The largest radius at which most balls are pure."""
        generator = view.generator()
        count = max(2, self.num_clusters or view.num_classes)
        seed = drawn_seed(generator)
        labels = k_means(vectors, count, seed=seed).labels
        drawn = torch.randperm(len(vectors), generator=generator, device="cpu")[:BALLS].to(labels)
        return pure_radius(vectors, labels, purity=self.purity, rows=drawn)


def _farthest(pool: Tensor, answered: Tensor, chosen: Tensor, count: int) -> Tensor:
    """Those of the other candidates that are farthest from all answered and chosen ones."""
    others = torch.ones(len(pool), dtype=torch.bool, device=pool.device)
    others[chosen] = False
    places = others.nonzero()[:, 0]
    centers = torch.cat([answered, pool[chosen]])
    return places[k_center_greedy(pool[places], centers, count)]
