"""BALD, MeanSTD, VariationRatio: where the samples of a network with dropout disagree.

All read `mc_logits` [N, T, K]. For your own network with dropout modules:
`BALD().query(Pool(items, mc_logits=MCDropout(network)), labeled, budget)` or
`BALD().query(pool, labeled, budget, model=MCDropout(network))`; `model=network` alone offers
logits, not samples of them. Where nobody offers them a network with dropout is trained on the
known answers: `EmbeddingDropout` on the pool's `embeddings`, else `DropoutClassifier` on its items.

Where the pool holds unknown classes, expect less of these than of Random: a network has learned
nothing of them, so its samples disagree there most, and most of the budget is spent on them.
"""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import Disagreement, MeanStandardDeviation, MutualInformation
from openal.learners import DropoutClassifier, EmbeddingDropout
from openal.pool import Learner
from openal.query import Chain, Paper
from openal.selection import Filter, Top

__all__ = ["BALD", "MeanSTD", "VariationRatio", "dropout_learners"]


@dataclass(frozen=True)
class BALD(Paper):
    """What the label would tell about which sample is right: H(mean_t p_t) - mean_t H(p_t).

    In an open set it does worse than Random: the samples disagree most about what the network has
    learned nothing of. Where nobody offers `mc_logits` they come from `EmbeddingDropout` on the
    pool's `embeddings`, else from `DropoutClassifier` on its items.

    Args:
        samples: T of the default learners, at least 1; 10, as in BADGE's and OpenAL's codes.
        p: the share that they drop, above 0 and below 1; 0.5, ours.
        mc_logits: name of the signal [N, T, K].

    Raises:
        ArgumentError: `samples` below 1, a `p` that is not between 0 and 1.

    Differences from authors' codes: those of BADGE and OpenAL put the whole network in training
    mode, batch normalization too; here only dropout is on. There is no epsilon in the logarithms.

    Cost: without a network of yours a classifier with dropout is trained on the known answers,
    on embeddings or on images; `samples` passes over every candidate.

    Reference: Houlsby et al., "Bayesian Active Learning for Classification and Preference
    Learning", 2011; Gal, Islam and Ghahramani, "Deep Bayesian Active Learning with Image Data",
    ICML 2017.
    """

    cites = ("houlsby2011bayesian", "gal2017deep")

    samples: int = 10
    _: KW_ONLY
    p: float = 0.5
    mc_logits: str = "mc_logits"

    def plan(self) -> Chain:
        """The largest mutual information."""
        return Chain(
            Top(MutualInformation(self.mc_logits)), learners=dropout_learners(self.samples, self.p)
        )


@dataclass(frozen=True)
class MeanSTD(Paper):
    """How much a class's probability varies over the samples, on average over the classes.

    In an open set it does worse than Random, for the reason of `BALD`. Brings the learners of
    `BALD`.

    Args:
        samples: T of the default learners, at least 1; 10, as in OpenAL's code.
        p: the share that they drop, above 0 and below 1; 0.5, as in OpenAL's code.
        mc_logits: name of the signal [N, T, K].

    Raises:
        ArgumentError: `samples` below 1, a `p` that is not between 0 and 1.

    Differences: the deviation is the population's, which ranks as OpenAL's unbiased one does.

    Cost: as `BALD`.

    Reference: Kampffmeyer, Salberg and Jenssen, "Semantic Segmentation of Small Objects and
    Modeling of Uncertainty in Urban Remote Sensing Images Using Deep Convolutional Neural
    Networks", CVPR Workshops 2016.
    """

    cites = ("kampffmeyer2016semantic",)

    samples: int = 10
    _: KW_ONLY
    p: float = 0.5
    mc_logits: str = "mc_logits"

    def plan(self) -> Chain:
        """The largest mean deviation."""
        return Chain(
            Top(MeanStandardDeviation(self.mc_logits)),
            learners=dropout_learners(self.samples, self.p),
        )


@dataclass(frozen=True)
class VariationRatio(Paper):
    """How many samples predict another class than most do; of equals, the larger BALD first.

    With T samples there are at most T different scores: ties are the rule, and the index would
    decide most of them. In an open set it does worse than Random, for the reason of `BALD`. Brings
    the learners of `BALD`.

    Args:
        samples: T of the default learners, at least 1; 10, as for `BALD`.
        p: the share that they drop, above 0 and below 1; 0.5, ours.
        mc_logits: name of the signal [N, T, K].

    Raises:
        ArgumentError: `samples` below 1, a `p` that is not between 0 and 1.

    Differences: OpenAL's VarRatio is one minus the largest probability of one pass, which is least
    confidence.

    Cost: as `BALD`.

    Reference: Freeman, "Elementary Applied Statistics", 1965; Gal, Islam and Ghahramani, "Deep
    Bayesian Active Learning with Image Data", ICML 2017.
    """

    cites = ("freeman1965elementary", "gal2017deep")

    samples: int = 10
    _: KW_ONLY
    p: float = 0.5
    mc_logits: str = "mc_logits"

    def plan(self) -> Chain:
        """All in the order of BALD; of these the largest ratio."""
        order = Filter(MutualInformation(self.mc_logits), above=-1)
        learners = dropout_learners(self.samples, self.p)
        return Chain(order, Top(Disagreement(self.mc_logits)), learners=learners)


def dropout_learners(samples: int, p: float) -> tuple[Learner, ...]:
    """Classifiers with dropout, on images and on embeddings."""
    return (DropoutClassifier(samples, p), EmbeddingDropout(samples, p))
