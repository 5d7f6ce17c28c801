"""ProbCover: the few items whose surroundings hold the most of the pool."""

from dataclasses import KW_ONLY, dataclass

from openal.query import Chain, Paper
from openal.selection import Cover

__all__ = ["ProbCover"]


@dataclass(frozen=True)
class ProbCover(Paper):
    """The candidates whose balls of radius `delta` hold the most that nothing answered is near to.

    Reads `embeddings`, of which the directions count. Made for small budgets: it asks where the
    pool is dense and never at its fringe. In an open set it may find fewer known items than
    `Random`: where unknown classes are dense they are asked about like any other. A filter before
    it, such as `Filter(KnownNeighbors())`, keeps to the known. Where much of the query is
    `n_filled`, the balls hold everything already, and a smaller `delta` asks where the pool is
    dense again.

    Args:
        delta: the radius, at least 0, a distance of directions, 0 to 2; the paper has 0.75 for
            CIFAR-10, 0.65 for CIFAR-100 and 0.5 for TinyImageNet, on SimCLR embeddings. None: the
            paper's estimate, the largest radius at which enough balls hold one pseudo-label only;
            it is in the query's diagnostics as "delta".
        purity: the share of balls that must, 0 to 1; 0.95, as in the paper.
        num_clusters: how many clusters of k-means are the pseudo-labels, at least 1; None: as many
            as known classes. Where many classes are unknown, say how many there are in all.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: `delta` below 0, `purity` outside of [0, 1], `num_clusters` below 1.

    Differences from the authors' code: once all is covered, which in the code is an error or the
    same item again, the farthest candidates follow; the radius is found exactly, around at most
    2048 items drawn by the seed, instead of on a grid that is read by eye; balls are closed, as in
    the paper; answered UNKNOWN items cover too; no graph is kept, so that a large `delta` needs no
    more memory than a small one.

    Cost: nothing is trained; one to two tables of distances between all candidates, computed in
    blocks: seconds for twenty thousand, and four times as long for twice as many.

    Reference: Yehuda, Dekel, Hacohen and Weinshall, "Active Learning Through a Covering Lens",
    NeurIPS 2022.
    """

    cites = ("yehuda2022active",)

    delta: float | None = None
    _: KW_ONLY
    purity: float = 0.95
    num_clusters: int | None = None
    embeddings: str = "embeddings"

    def plan(self) -> Chain:
        """The largest uncovered surroundings."""
        return Chain(
            Cover(
                self.delta,
                purity=self.purity,
                num_clusters=self.num_clusters,
                embeddings=self.embeddings,
            ),
        )
