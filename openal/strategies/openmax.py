"""OpenMax: the candidates that the classifier places among its answers."""

from dataclasses import KW_ONLY, dataclass

from openal.purity import OpenMaxPurity
from openal.query import Chain, Paper
from openal.selection import Top

__all__ = ["OpenMax"]


@dataclass(frozen=True)
class OpenMax(Paper):
    """The candidates with the least probability of OpenMax's unknown class.

    Trains nothing: reads the classifier's `logits`, also those of the answered items. OpenMax is
    no query strategy; papers on open-set active learning list it as one and give no rule. Here it
    is one of purity alone, which does not ask what an answer would teach.

    Expect it to do worse than Random while answers are few. A class is as wide as its answers
    are, and a classifier fits these more closely than the pool: known candidates lie beyond the
    tails and count as unknown, and with ten answers per class the order may be reversed. With a
    hundred it is as good as the classifier's energy.

    Args:
        alpha: how many of the largest logits are revised, at least 1; 10, as in the paper.
        tail: how many of the largest distances of a class its Weibull distribution is fitted to, at
            least 1; 20, as in the paper.
        scale: what Euclidean distances are divided by, above 0; None: the root mean square of the
            answers' distances to their class's mean, ours.
        shift: where the tail starts, above 0, in units of the distance; 1, ours.
        logits: name of the signal [N, K].

    Raises:
        ArgumentError: `alpha` or `tail` below 1, a `scale` or `shift` that is not above 0.

    Differences from the code that such papers published (NEAT's): distances are between logit
    vectors, not coordinates; the Weibull distribution is fitted to distances, not to z-scores,
    half of which have no likelihood; rows and labels are aligned; and the truth about the pool
    is not used to set the score of unknown items.

    Cost: nothing is trained; a Weibull distribution for each class, and the classifier's pass
    over every candidate and answer.

    Reference: Bendale and Boult, "Towards Open Set Deep Networks", CVPR 2016.
    """

    cites = ("bendale2016towards",)

    alpha: int = 10
    _: KW_ONLY
    tail: int = 20
    scale: float | None = None
    shift: float = 1.0
    logits: str = "logits"

    def plan(self) -> Chain:
        """The most probably known."""
        purity = OpenMaxPurity(
            self.alpha, tail=self.tail, scale=self.scale, shift=self.shift, logits=self.logits
        )
        return Chain(Top(purity))
