"""Joda: the energy below a threshold that the answers give, then SISOMe, balanced over classes."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import DistanceRatio
from openal.learners import Classifier, EmbeddingClassifier
from openal.purity import EnergyPurity
from openal.query import Chain, Paper
from openal.selection import Filter, Top

__all__ = ["Joda"]

EXPOSURE = 0.5
"""The paper's weight of UNKNOWN answers in training."""


@dataclass(frozen=True)
class Joda(Paper):
    """Candidates of low energy, by Youden's threshold on the answers; of these, the best SISOMe.

    Reads the task network's `logits` and `features`. The paper trains it with outlier exposure,
    without which known and unknown hardly differ in energy: `Classifier(exposure=0.5)`, or in a
    loop of your own `openal.functional.losses.outlier_exposure_loss` on
    `labeled.detector_subset(dataset)`. Where neither the pool nor `model=` offers logits,
    `EmbeddingClassifier(exposure=0.5)` is fitted to the answers' `embeddings`, else
    `Classifier(exposure=0.5)` to the items.

    Before there is both a known and an UNKNOWN answer nothing is filtered, as in the paper's first
    round. The paper also discovers classes; here the classes are given, and what is of none of
    them is unknown.

    Args:
        filtered: whether the energy filters; False is the paper's ablation.
        balanced: whether classes with few answers go first; False is the paper's ablation.
        features: name of the signal [N, d], the classifier's penultimate layer.
        logits: name of the signal [N, K].

    Differences from the authors' code: distances are those of `features` as they are, where the
    code joins sigmoids of gradient-weighted activations of four layers, each with a steepness
    chosen by data set; the threshold lies halfway between two energies; candidates that are
    filtered out fill up a query that would be too small; a class without an answer is not predicted
    for the quotient, instead of an error. Its released class lacks three of the functions that it
    calls.

    Cost: trains a classifier where none is given; its pass over every candidate and answer, and the
    nearest answer of its class for each candidate that passes.

    Reference: Schmidt, Schenk, Schwinn and Guennemann, "Joint Out-of-Distribution Filtering and
    Data Discovery Active Learning", CVPR 2025.
    """

    cites = ("schmidt2025joint",)

    filtered: bool = True
    _: KW_ONLY
    balanced: bool = True
    features: str = "features"
    logits: str = "logits"

    def plan(self) -> Chain:
        """Low energy, then SISOMe."""
        best = Top(DistanceRatio(self.features, logits=self.logits, balanced=self.balanced))
        learners = Classifier(exposure=EXPOSURE), EmbeddingClassifier(exposure=EXPOSURE)
        if not self.filtered:
            return Chain(best, learners=learners)
        low = Filter(EnergyPurity(self.logits), above="youden")
        return Chain(low, best, learners=learners)
