"""OpenPathology: far from the labeled unknown and near the labeled known, then entropy."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import Entropy
from openal.purity import MahalanobisPurity
from openal.query import Chain, Paper
from openal.selection import Top, TopShare

__all__ = ["OpenPathology"]


@dataclass(frozen=True)
class OpenPathology(Paper):
    """The `share` of candidates that two Mahalanobis distances take for known; of these, entropy.

    Trains nothing. The authors call it OpenAL.

    Args:
        share: the share of the candidates that goes on to the entropy, above 0, at most 1, whatever
            the budget: where it is smaller than the budget, all that is kept is asked. 0.1, as in
            the code.
        clusters: how many clusters of the unknown there are at most, at least 1; 9, as in the code.
        prior: how many answers the identity counts for in a covariance, above 0; None: as many as
            dimensions, ours.
        embeddings: name of the signal [N, D], of a frozen encoder.
        logits: name of the signal [N, K].

    Raises:
        ArgumentError: `clusters` below 1, a `share` or `prior` beyond its limits.

    Differences from the authors' code: covariances shrink towards the identity instead of being
    singular; k-means has a fixed seed; coordinates are standardized on all answers; before the
    first UNKNOWN the distance to the known decides alone, and before the first known answer the
    entropy decides among a random share.

    Cost: nothing is trained; for every candidate a Mahalanobis distance to each of the clusters
    and to the known, and the classifier's pass over the `share` that is left.

    Reference: Qu et al., "OpenAL: An Efficient Deep Active Learning Framework for Open-Set
    Pathology Image Classification", MICCAI 2023.
    """

    cites = ("qu2023openal",)

    share: float = 0.1
    _: KW_ONLY
    clusters: int = 9
    prior: float | None = None
    embeddings: str = "embeddings"
    logits: str = "logits"

    def plan(self) -> Chain:
        """Mahalanobis purity, then entropy."""
        purity = MahalanobisPurity(self.clusters, prior=self.prior, embeddings=self.embeddings)
        return Chain(TopShare(purity, share=self.share), Top(Entropy(self.logits)))
