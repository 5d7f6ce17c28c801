"""TypiClust: the most typical item of every part of the pool that has no answer yet."""

from dataclasses import KW_ONLY, dataclass

from openal.query import Chain, Paper
from openal.selection import TypicalPerCluster

__all__ = ["TypiClust"]


@dataclass(frozen=True)
class TypiClust(Paper):
    """The most typical candidate of each cluster with the fewest answers: for small budgets.

    Trains nothing. Made for the first rounds, where what is typical teaches more than what is
    uncertain. In an open set it finds about as many known items as `Random`, or fewer: unknown
    classes form clusters too, and each cluster has its turn, however often its neighbors were
    answered UNKNOWN. A filter before it, such as `Filter(KnownNeighbors())`, keeps to the known.

    Args:
        k: how many neighbors tell how typical an item is, at least 1; 20, as in the paper.
        max_clusters: how many clusters there are at most, at least 1; 500, as in the code.
        min_size: clusters of fewer items go last, at least 0; 5, as in the code.
        embeddings: name of the signal [N, D], of a frozen encoder.

    Raises:
        ArgumentError: `k` or `max_clusters` below 1, `min_size` below 0.

    Differences from the authors' code: the neighbors of an item are the others of its cluster,
    answered and chosen ones too, as in the paper, up to `k`, where the code leaves these out and
    takes at most half of what is left; clusters below `min_size` are put last instead of being
    dropped, so that the budget is always spent; copies of one item and fewer distinct items than
    clusters are no error; k-means depends on the seed alone, not on the order of the items; above
    50 clusters batches are of 1024 items instead of 5000.

    Cost: nothing is trained; k-means of all candidates and answers, and the neighbors of each
    within its cluster: seconds for twenty thousand.

    Reference: Hacohen, Dekel and Weinshall, "Active Learning on a Budget: Opposite Strategies
    Suit High and Low Budgets", ICML 2022.
    """

    cites = ("hacohen2022active",)

    k: int = 20
    _: KW_ONLY
    max_clusters: int = 500
    min_size: int = 5
    embeddings: str = "embeddings"

    def plan(self) -> Chain:
        """Typical items, cluster by cluster."""
        return Chain(
            TypicalPerCluster(
                self.k,
                max_clusters=self.max_clusters,
                min_size=self.min_size,
                embeddings=self.embeddings,
            ),
        )
