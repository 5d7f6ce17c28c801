"""BatchBALD: the batch whose labels together tell most about the network."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import MutualInformation
from openal.query import Chain, Paper
from openal.selection import JointInformation, Top
from openal.strategies.mc_dropout import dropout_learners

__all__ = ["BatchBALD"]


@dataclass(frozen=True)
class BatchBALD(Paper):
    """BALD for a batch: items that tell the same are not asked about twice.

    Of the `factor` times budget with the largest BALD, chooses one by one what adds most to the
    joint mutual information of the labels and the network. Sample t of `mc_logits` must be one
    network for all items, as `MCDropout` makes them; the module of `BALD` says how to give your own
    network. Where nobody offers them, a classifier with dropout is trained on the known answers:
    `EmbeddingDropout` on the pool's `embeddings`, else `DropoutClassifier` on its items.

    T samples hold log T nats. Once they are told apart the rest of the budget is filled by BALD;
    `Query.n_filled` counts it. For large budgets take many `samples`.

    Args:
        factor: how many times the budget is weighed jointly, at least 1; 10, ours.
        configurations: how many values of the labels are weighed at most, at least 1; 500, ours.
        samples: T of the default learners, at least 1; 20, ours.
        p: the share that they drop, above 0 and below 1; 0.5, ours.
        mc_logits: name of the signal [N, T, K].

    Raises:
        ArgumentError: `factor`, `configurations` or `samples` below 1, a `p` that is not between 0
            and 1.

    Differences from the paper: the candidates are narrowed first (`factor`), as the gain is at
    most the BALD; up to `configurations` values of the labels are weighed exactly, beyond that so
    many are drawn by what they leave open, which needs fewer of them. As with BALD, expect less of
    it than of Random where the pool holds unknown classes.

    Cost: as `BALD`; then a joint entropy for each pick, of some of the `factor` times budget
    that are left, and of up to `configurations` labelings.

    Reference: Kirsch, van Amersfoort and Gal, "BatchBALD: Efficient and Diverse Batch Acquisition
    for Deep Bayesian Active Learning", NeurIPS 2019.
    """

    cites = ("kirsch2019batchbald",)

    factor: float = 10.0
    _: KW_ONLY
    configurations: int = 500
    samples: int = 20
    p: float = 0.5
    mc_logits: str = "mc_logits"

    def plan(self) -> Chain:
        """The largest BALD, then the batch of them."""
        return Chain(
            Top(MutualInformation(self.mc_logits), factor=self.factor),
            JointInformation(self.mc_logits, configurations=self.configurations),
            learners=dropout_learners(self.samples, self.p),
        )
