"""EOAL: candidates sure of a known class, and equally far from all clusters of the unknown."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

from openal._checks import as_count
from openal.learners import EmbeddingEntropicDetector, EntropicDetector
from openal.parts import as_learner
from openal.pool import Learner
from openal.purity import ClosedSetCertainty, DistanceEntropy, PredictedKnown
from openal.query import Chain, Paper
from openal.selection import Clusters, Filter, Sum, Top, TopPerGroup
from openal.strategies._without_effect import require_defaults

__all__ = ["EOAL"]


@dataclass(frozen=True)
class EOAL(Paper):
    """Of what a detector calls known, where K binary heads are sure and no unknown cluster is near.

    Candidates whose largest of K + 1 detector outputs is a known class; of these, with
    `diversity`, the best of each cluster of features, otherwise the best: by the distance
    entropy minus the closed-set entropy, both in [0, 1], the first only once something was
    answered UNKNOWN. Clusters are of the candidates, as fine as the budget allows, not classes.

    Reads `detector_logits`, `head_logits` and `detector_features`. Where the pool offers none,
    `EmbeddingEntropicDetector` is trained on the pool's `embeddings`, else `EntropicDetector` on
    its items, with the options below; what the pool offers goes first, and they have no effect.
    EOAL asks for what is known for sure, which is pure, and teaches the classifier less than
    uncertain items would.

    Args:
        alpha: the weight of undecided heads on unknown items in the loss, 0 to 1; 0.8, as in the
            code.
        reg_w: the weight of near cluster centers in the loss, at least 0; 0.1, as in the code.
        temperature: of the detector's cross-entropy, above 0; 0.5, as in the code.
        n_unknown_clusters: how many clusters of the unknown, at least 1; None: as many as classes.
        recluster_every: after how many epochs the unknown are clustered anew; 5, ours.
        diversity: whether the best of each cluster are taken, as in the code.
        detector: a learner in place of the default one, with options of its own.

    Raises:
        ArgumentError: an option beyond its limits, a `detector` that is no learner.

    Differences from the authors' code: FINCH has exact neighbors, and any number of points; the
    unknown are clustered every 5 epochs and once after training, instead of every epoch
    (`recluster_every=1`); with one cluster the distance entropy is 0, not a division by 0; a
    known-class tie goes to known. A re-implementation by others leaves out the factor 1 / log 2,
    the candidates that fill up, and a part of the budget.

    Cost: trains a detector and its heads on all answers, on embeddings or on images; their pass
    over every candidate, and with `diversity` the nearest neighbor of each among those
    predicted known.

    Reference: Safaei, Vibashan, de Melo and Patel, "Entropic Open-Set Active Learning", AAAI 2024.
    """

    cites = ("safaei2024entropic",)

    alpha: float = 0.8
    _: KW_ONLY
    reg_w: float = 0.1
    temperature: float = 0.5
    n_unknown_clusters: int | None = None
    recluster_every: int = 5
    diversity: bool = True
    detector: Learner | None = None

    def plan(self) -> Chain:
        """Predicted known, then the two entropies, in each cluster or overall."""
        if self.n_unknown_clusters is not None:
            as_count(self.n_unknown_clusters, "n_unknown_clusters", minimum=1)
        score = Sum(ClosedSetCertainty(), DistanceEntropy(self.n_unknown_clusters))
        known = Filter(PredictedKnown(score))
        best = TopPerGroup(score, groups=Clusters()) if self.diversity else Top(score)
        return Chain(known, best, learners=self._detectors())

    def _detectors(self) -> tuple[Learner, ...]:
        """The detector with binary heads, on embeddings or on images, or the one given."""
        if self.detector is not None:
            names = ("temperature", "alpha", "reg_w", "recluster_every")
            require_defaults(self, "detector", *names)
            return (as_learner(self.detector, "detector"),)
        options: dict[str, Any] = {
            "temperature": self.temperature,
            "alpha": self.alpha,
            "reg_w": self.reg_w,
            "n_unknown_clusters": self.n_unknown_clusters,
            "recluster_every": self.recluster_every,
        }
        return EntropicDetector(**options), EmbeddingEntropicDetector(**options)
