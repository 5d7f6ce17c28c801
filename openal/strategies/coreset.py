"""Coreset, ClassBalancedCoreset: what is farthest from all that is answered or chosen."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from openal.query import Chain, Paper
from openal.selection import ClassBalancedKCenter, KCenter

__all__ = ["ClassBalancedCoreset", "Coreset"]


@dataclass(frozen=True)
class Coreset(Paper):
    """The candidates that cover the pool: each is the farthest from the answered and the chosen.

    In an open set expect it to do worse than Random: what is far from all answers is often of no
    known class, and an outlier is the farthest of all. A purity before it helps:
    `Chain(Filter(KnownNeighbors(k=20)), Coreset())`.

    Args:
        centers: "answered", items answered UNKNOWN too, ours: they are paid for, and what resembles
            them needs no second look; or "known", as MQ-Net and CLIPNAL compare with.
        features: name of the signal [N, d], the classifier's penultimate layer; `"embeddings"`
            covers a frozen encoder's space.

    Differences from authors' codes: one of them starts from one random candidate and ignores the
    answers; another deletes rows while it keeps their old numbers, so that most of what it asks is
    arbitrary, some of it twice, and its distances to copies are NaN, which come first. Here each
    pick is the exact farthest, copies are at 0, ties go to the lowest index, and nothing is drawn.

    Cost: nothing is trained; the classifier's pass over every candidate, bounds of the
    distances to the answers, and exact distances of few candidates for each pick.

    Reference: Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set
    Approach", ICLR 2018 (the greedy algorithm).
    """

    cites = ("sener2018active",)

    centers: Literal["answered", "known"] = "answered"
    _: KW_ONLY
    features: str = "features"

    def plan(self) -> Chain:
        """Farthest first."""
        return Chain(KCenter(self.features, centers=self.centers))


@dataclass(frozen=True)
class ClassBalancedCoreset(Paper):
    """Coreset that also evens out the classes, as the classifier predicts them.

    Each pick has the largest distance less `lamb` / K times what is still missing to classes of
    equal size. In an open set expect it to do worse than Random for Coreset's reason; the logits
    know of no unknown class.

    Args:
        lamb: the weight of the balance against the distance, at least 0; 5, as in the code that
            CLIPNAL's authors compare with.
        centers: that of `Coreset`.
        features: name of the signal [N, d], the classifier's penultimate layer.
        logits: name of the signal [N, K].

    Raises:
        ArgumentError: `lamb` below 0.

    Differences from the authors' code: the same repairs as `Coreset`. The paper evens out the
    first answers and r budgets at round r; here, as in the code, it is the answers so far and one
    budget, which is the same where every answer is of a known class.

    Cost: nothing is trained; the classifier's pass over every candidate, and a distance of each
    to every answer and to every pick.

    Reference: Bengar, van de Weijer, Fuentes and Raducanu, "Class-Balanced Active Learning for
    Image Classification", WACV 2022.
    """

    cites = ("bengar2022class",)

    lamb: float = 5.0
    _: KW_ONLY
    centers: Literal["answered", "known"] = "answered"
    features: str = "features"
    logits: str = "logits"

    def plan(self) -> Chain:
        """Farthest first, less the imbalance."""
        return Chain(
            ClassBalancedKCenter(
                self.lamb, vectors=self.features, centers=self.centers, logits=self.logits
            ),
        )
