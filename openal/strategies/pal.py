"""PAL: representative and decided candidates, and a few unknown ones on purpose."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import Progressive
from openal.query import Chain, Paper
from openal.selection import Quota

__all__ = ["PAL"]


@dataclass(frozen=True)
class PAL(Paper):
    """The best predicted known, and for a small `share` of the budget the surest unknown.

    Reads `head_logits` [N, 2, K], of one yes-or-no head per class: index 0 is "not class k",
    index 1 "class k". Where the pool offers none they are trained on all answers together with a
    K-way classifier: `EmbeddingOneVsAll` on the pool's `embeddings`, else `OneVsAll` on its items.

    What the heads are surest of comes first, so this is a strategy of purity more than of
    informativeness.

    Args:
        mu: the weight of decidedness, at least 0; 0.6, as the authors' README has it.
        share: the share of the budget for the unknown, 0 to 1; 1/30, the code's 50 of 1500.
        first_share: the share instead as long as nobody has answered UNKNOWN, 0 to 1: the heads
            have to see some, and that first query is meant to be impure; 0.8, the code's 1200 of
            1500. None: `share` always.

    Raises:
        ArgumentError: a `mu` below 0, a share outside of [0, 1].

    Differences: representativeness is the largest probability of a yes, see `Progressive`;
    there is no consistency training on unlabeled images; shares are of the budget instead of
    numbers made for 1500; the first round is the one before any UNKNOWN.

    Cost: trains the heads on all answers, on images or on embeddings; their pass over every
    candidate.

    Reference: Yang et al., "Not All Out-of-Distribution Data Are Harmful to Open-Set
    Active Learning", NeurIPS 2023.
    """

    cites = ("yang2023not",)

    mu: float = 0.6
    _: KW_ONLY
    share: float = 1 / 30
    first_share: float | None = 0.8

    def plan(self) -> Chain:
        """The known ones, and a quota of unknown ones."""
        known, unknown = Progressive(mu=self.mu), Progressive(mu=self.mu, unknown=True)
        return Chain(Quota(known, other=unknown, share=self.share, first_share=self.first_share))
