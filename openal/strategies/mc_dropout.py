"""Where the samples of a network with dropout disagree: closed-set baselines.

All read `mc_logits` [N, T, K]. For your own network with dropout modules:
`BALD().query(Pool(items, mc_logits=MCDropout(network)), labeled, budget)` or
`BALD().query(pool, labeled, budget, model=MCDropout(network))`; `model=network` alone offers
logits, not samples of them. Where nobody offers them a network with dropout is trained on the
known answers: `DropoutClassifier` on the pool's items, else `EmbeddingDropout` on its `embeddings`.

Where the pool holds unknown classes, expect less of these than of Random: a network has learned
nothing of them, so its samples disagree there most, and most of the budget is spent on them.
"""

from dataclasses import dataclass

from openal import informativeness
from openal.learners import DropoutClassifier, EmbeddingDropout
from openal.pool import Learner
from openal.query import Chain, Stage
from openal.selection import Filter, Top

__all__ = ["BALD", "MeanSTD", "VariationRatio", "dropout_learners"]


@dataclass(frozen=True)
class BALD(Chain):
    """What the label would tell about which sample is right: H(mean_t p_t) - mean_t H(p_t).

    `samples` is T and `p` the share that is dropped, for the default learners. In an open set it
    does worse than Random: the samples disagree most about what the network has learned nothing of.

    Differences from authors' codes: those of BADGE and OpenAL put the whole network in training
    mode, batch normalization too; here only dropout is on. There is no epsilon in the logarithms.

    Cost: without a network of yours a classifier with dropout is trained on the known answers,
    on images or on embeddings; `samples` passes over every candidate.

    Reference: Houlsby et al., "Bayesian Active Learning for Classification and Preference
    Learning", 2011; Gal, Islam and Ghahramani, "Deep Bayesian Active Learning with Image Data",
    ICML 2017.
    """

    samples: int = 10
    p: float = 0.5
    mc_logits: str = "mc_logits"

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The largest mutual information."""
        return (Top(informativeness.BALD(self.mc_logits)),)

    @property
    def learners(self) -> tuple[Learner, ...]:
        """A classifier with dropout, on images or on embeddings."""
        return dropout_learners(self.samples, self.p)


@dataclass(frozen=True)
class MeanSTD(Chain):
    """How much a class's probability varies over the samples, on average over the classes.

    In an open set it does worse than Random, for the reason of `BALD`.

    Differences: the deviation is the population's, which ranks as OpenAL's unbiased one does.

    Cost: as `BALD`.

    Reference: Kampffmeyer, Salberg and Jenssen, "Semantic Segmentation of Small Objects and
    Modeling of Uncertainty in Urban Remote Sensing Images Using Deep Convolutional Neural
    Networks", CVPR Workshops 2016.
    """

    samples: int = 10
    p: float = 0.5
    mc_logits: str = "mc_logits"

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The largest mean deviation."""
        return (Top(informativeness.MeanSTD(self.mc_logits)),)

    @property
    def learners(self) -> tuple[Learner, ...]:
        """A classifier with dropout, on images or on embeddings."""
        return dropout_learners(self.samples, self.p)


@dataclass(frozen=True)
class VariationRatio(Chain):
    """How many samples predict another class than most do; of equals, the larger BALD first.

    With T samples there are at most T different scores: ties are the rule, and the index would
    decide most of them. In an open set it does worse than Random, for the reason of `BALD`.

    Differences: OpenAL's VarRatio is one minus the largest probability of one pass, which is least
    confidence.

    Cost: as `BALD`.

    Reference: Freeman, "Elementary Applied Statistics", 1965; Gal, Islam and Ghahramani, "Deep
    Bayesian Active Learning with Image Data", ICML 2017.
    """

    samples: int = 10
    p: float = 0.5
    mc_logits: str = "mc_logits"

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All in the order of BALD; of these the largest ratio."""
        order = Filter(informativeness.BALD(self.mc_logits), above=-1)
        return (order, Top(informativeness.VariationRatio(self.mc_logits)))

    @property
    def learners(self) -> tuple[Learner, ...]:
        """A classifier with dropout, on images or on embeddings."""
        return dropout_learners(self.samples, self.p)


def dropout_learners(samples: int, p: float) -> tuple[Learner, ...]:
    """Classifiers with dropout, on images and on embeddings."""
    return (DropoutClassifier(samples, p), EmbeddingDropout(samples, p))
