"""KnownKMeans: the budget goes, region by region, where known classes are likely and uncertain."""

from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from openal._checks import as_number
from openal.errors import ArgumentError
from openal.informativeness import Margin
from openal.learners import EmbeddingClassifier
from openal.parts import Part, Role
from openal.purity import DetectorProbability, KernelShare, TextShare
from openal.query import Chain, Paper
from openal.selection import (
    Directions,
    GeometricMean,
    Note,
    Power,
    Product,
    WeightedKMeans,
)
from openal.view import Score, View

__all__ = ["KnownKMeans"]


@dataclass(frozen=True)
class KnownKMeans(Paper):
    """Weighted k-means: clusters where candidates look known and the classifier is uncertain.

    The purity p is the geometric mean of `KernelShare` and of a detector's probability of known.
    It is a weight on where the budget goes, not a ranking: each region of the embeddings gets
    clusters by its sum of p^2 times the classifier's margin. What is solved loses its share, what
    no answer has reached yet is visited, and no two questions of a round come from one cluster.

    Our own, and the default to take on frozen embeddings; docs/defaults.md has the evidence. Works
    from no answer on. Reads `embeddings`, and `logits` of your classifier; where the pool offers
    none, a linear one is fitted to the answers.

    Args:
        detector: whether the detector is half of the purity; False is the light form, half the
            time, behind at 90 % unknown from no answers.
        texts: (classes [K, D], negatives [M, D]), text embeddings of the classes and of many other
            things in the space of the embeddings: `CLIP(...).texts(names)`; None: no texts. They
            say in the first query where to begin, which matters most where little is known.
        clusters: how many clusters for each question, at least 1; of more than one the best are
            asked. 2.0 was ahead at 60 % unknown on some pools; on most nothing tells them apart.
        embeddings: name of the signal [N, D], of a frozen encoder.

    Raises:
        ArgumentError: `clusters` below 1, `texts` that are no pair.
        ArrayError: in a query, texts that are not (K, D) and (M, D), not finite, or none.

    Cost: a kernel between all candidates and all answers, a linear detector, and ten steps of
    k-means on at most 20,000 candidates.

    Reference: ours.
    """

    cites = ("openal",)

    detector: bool = True
    _: KW_ONLY
    texts: tuple[Tensor, Tensor] | None = field(default=None, repr=False, compare=False)
    clusters: float = 1.0
    embeddings: str = "embeddings"

    def plan(self) -> Chain:
        """Purity, then k-means weighted by it and by the margin."""
        as_number(self.clusters, "clusters", minimum=1)
        purity = self._purity()
        where = Power(purity, exponent=2) if self.clusters == 1 else purity
        spread = WeightedKMeans(
            Directions(self.embeddings, centered=True),
            weight=Product(where, _LearnedMargin()),
            pick=purity,
            clusters=self.clusters,
        )
        learner = EmbeddingClassifier(embeddings=self.embeddings)
        return Chain(Note(purity), spread, learners=(learner,))

    def _purity(self) -> Score:
        near = KernelShare(embeddings=self.embeddings)
        answered = GeometricMean(near, DetectorProbability(near)) if self.detector else near
        if self.texts is None:
            return answered
        if not isinstance(self.texts, tuple) or len(self.texts) != 2:
            raise ArgumentError("texts must be a pair of tensors (classes, negatives).")
        classes, negatives = self.texts
        return _WithTexts(
            answered, TextShare(classes, negatives=negatives, embeddings=self.embeddings)
        )


@dataclass(frozen=True)
class _WithTexts(Part):
    """The geometric mean of what answers and texts say; the texts alone before any answer."""

    role: ClassVar[Role] = "purity"

    answered: Score
    texts: Score

    def __call__(self, view: View) -> Tensor:
        alone = len(view.known) + len(view.invalid) == 0
        return self.texts(view) if alone else GeometricMean(self.answered, self.texts)(view)


@dataclass(frozen=True)
class _LearnedMargin(Margin):
    """The margin; 1 for all where nothing is learned yet, or one class leaves nothing to tell."""

    def __call__(self, view: View) -> Tensor:
        learned = len(view.known) > 0 and view.num_classes > 1
        return super().__call__(view) if learned else torch.ones(len(view.pool), device="cpu")
