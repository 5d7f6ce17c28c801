"""BADGE: candidates with long and diverse gradients, drawn by k-means++."""

from dataclasses import KW_ONLY, dataclass

from openal.query import Chain, Paper
from openal.selection import GradientEmbedding, KMeansPlusPlus

__all__ = ["BADGE"]


@dataclass(frozen=True)
class BADGE(Paper):
    """Draws candidates whose gradients are long (uncertain) and unlike each other (diverse).

    Reads the classifier's `logits` and `features`.

    In an open set expect it to do worse than Random: what the classifier is least sure of, and what
    is unlike the rest, is often of no known class. A purity before it helps:
    `Chain(Filter(KnownNeighbors(k=20)), BADGE())`.

    Args:
        logits: name of the signal [N, K].
        features: name of the signal [N, d], the classifier's penultimate layer.

    Differences from authors' codes: the gradients, K * d numbers for each candidate, never exist;
    a row is never drawn twice, also where rows are copies, and where all that remain are copies of
    those drawn the rest is uniform, instead of an error; one code puts the last batch's gradients
    into the wrong rows, and another queries fewer than the budget.

    Cost: nothing is trained; the classifier's pass over every candidate, and lengths and
    distances of gradients by their factors, of few candidates for each pick.

    Reference: Ash, Zhang, Krishnamurthy, Langford and Agarwal, "Deep Batch Active Learning by
    Diverse, Uncertain Gradient Lower Bounds", ICLR 2020.
    """

    cites = ("ash2020deep",)

    logits: str = "logits"
    _: KW_ONLY
    features: str = "features"

    def plan(self) -> Chain:
        """K-means++ over gradients."""
        return Chain(KMeansPlusPlus(GradientEmbedding(self.logits, features=self.features)))
