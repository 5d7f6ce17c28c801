"""Uncertainty, LeastConfidenceSampling, MarginSampling, CertaintySampling: closed-set baselines.

All rank the whole pool by one pass of the classifier. Where the pool holds unknown classes these
are what the classifier is least sure of, so most of the budget is spent on them by all but
`CertaintySampling`, which asks about what it is surest of.
"""

from dataclasses import dataclass

from openal.informativeness import Entropy, LeastConfidence, Margin
from openal.purity import Certainty
from openal.query import Chain, Paper
from openal.selection import Top

__all__ = ["CertaintySampling", "LeastConfidenceSampling", "MarginSampling", "Uncertainty"]


@dataclass(frozen=True)
class Uncertainty(Paper):
    """The largest entropy of the predicted class.

    In an open set it does worse than Random: a classifier of K classes is least sure of what is
    none of them, and most of the budget is spent there. A purity before it helps.

    Args:
        logits: name of the signal [N, K].

    Differences: computed from log-softmax; the references take log(p) and rank the surest items,
    whose p underflows to 0 and gives NaN, as the most uncertain.

    Cost: nothing is trained; the classifier's pass over every candidate.

    Reference: Settles, "Active Learning Literature Survey", University of Wisconsin-Madison 2009,
    section 3.1; the entropy is Shannon's, 1948.
    """

    cites = ("settles2009active",)

    logits: str = "logits"

    def plan(self) -> Chain:
        """The largest entropy."""
        return Chain(Top(Entropy(self.logits)))


@dataclass(frozen=True)
class LeastConfidenceSampling(Paper):
    """The smallest probability of the most likely class: CLIPNAL's CONF.

    Alone in an open set it does worse than Random, for the reason of `Uncertainty`.

    Args:
        logits: name of the signal [N, K].

    Cost: nothing is trained; the classifier's pass over every candidate.

    Reference: Lewis and Gale, "A Sequential Algorithm for Training Text Classifiers", SIGIR 1994.
    """

    cites = ("lewis1994sequential",)

    logits: str = "logits"

    def plan(self) -> Chain:
        """The least confident."""
        return Chain(Top(LeastConfidence(self.logits)))


@dataclass(frozen=True)
class MarginSampling(Paper):
    """The smallest gap between the two most likely classes.

    In an open set it asks about fewer known items than Random, for the reason of `Uncertainty`.

    Args:
        logits: name of the signal [N, K].

    Cost: nothing is trained; the classifier's pass over every candidate.

    Reference: Scheffer, Decomain and Wrobel, "Active Hidden Markov Models for Information
    Extraction", IDA 2001.
    """

    cites = ("scheffer2001active",)

    logits: str = "logits"

    def plan(self) -> Chain:
        """The smallest margin."""
        return Chain(Top(Margin(self.logits)))


@dataclass(frozen=True)
class CertaintySampling(Paper):
    """The smallest entropy, a baseline of LfOSA and NEAT: pure, and teaching little.

    Args:
        logits: name of the signal [N, K].

    Differences: NEAT's authors' code returns the least certain under this name.

    Cost: nothing is trained; the classifier's pass over every candidate.

    Reference: Ning, Zhao, Li and Huang, "Active Learning for Open-set Annotation", CVPR 2022.
    """

    cites = ("ning2022active",)

    logits: str = "logits"

    def plan(self) -> Chain:
        """The most certain."""
        return Chain(Top(Certainty(self.logits)))
