"""AlphaMix: candidates whose prediction a small share of a labeled class changes, spread out."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import FeatureMix
from openal.query import Chain, Paper
from openal.selection import Directions, KMeansCenters, TopWithTies

__all__ = ["AlphaMix"]


@dataclass(frozen=True)
class AlphaMix(Paper):
    """The candidates whose prediction the smallest mixture changes; of these, one per cluster.

    Reads the classifier's `features` and `logits`. The mean features of each class with an answer
    are mixed into those of a candidate, where it raises the loss the most; mixtures grow in steps
    until at least the budget has changed its prediction. Of all these the nearest to each k-means
    center is asked. In an open set it asks about fewer known items than `Random`: an unknown item
    lies between the classes, so a little of any of them changes its prediction.

    Args:
        cap: the size of a step, above 0 and below 1; 0.03125, as in the authors' code. Its authors
            say that the paper used 0.2, which hands more candidates to the clustering.
        features: name of the signal [N, d], the classifier's penultimate layer.
        logits: name of the signal [N, K].

    Raises:
        ArgumentError: a `cap` that is not between 0 and 1.

    Differences from the authors' code: sqrt(d) is of the pooled features, where the benchmark
    code counts the feature map before pooling; classes without an answer have no anchor, instead
    of being an error; where too few candidates change, the next easiest to change follow, instead
    of a draw with replacement from the whole data set that repeats and asks what was answered;
    features that the candidate and the anchor share stay, where the code divides by 1e-8; the
    size at which a prediction changes is computed, not searched; sure predictions, whose gradient
    vanishes in single precision, have a direction too; copies of one item are clustered once, and
    k-means depends on the seed alone. The weights of the last layer are found from features and
    logits (see `FeatureMix`), since a strategy sees no network.

    Cost: nothing is trained; the classifier's pass over every candidate, a distance to each
    class, one least-squares fit, and k-means of those that change with as many clusters as the
    budget, which takes the longest.

    Reference: Parvaneh, Abbasnejad, Teney, Haffari, van den Hengel and Shi, "Active Learning by
    Feature Mixing", CVPR 2022.
    """

    cites = ("parvaneh2022active",)

    cap: float = 0.03125
    _: KW_ONLY
    features: str = "features"
    logits: str = "logits"

    def plan(self) -> Chain:
        """The smallest mixture, then k-means centers of the features' directions."""
        mix = FeatureMix(self.cap, features=self.features, logits=self.logits)
        return Chain(TopWithTies(mix), KMeansCenters(Directions(self.features)))
