"""MQNet: how much purity is worth against informativeness, learned from the last answers."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import LeastConfidence
from openal.purity import NearestKnown
from openal.query import Chain, Paper
from openal.selection import MetaScore, Note, Top
from openal.view import Score

__all__ = ["MQNet"]

CONF = LeastConfidence()
"""The informativeness of the authors' code when nothing else is asked for."""


@dataclass(frozen=True)
class MQNet(Paper):
    """What a small monotone network makes of purity and informativeness, trained on the last round.

    Purity is the largest cosine with a known item. The paper's LL is
    `MQNet(informativeness.PredictedLoss())`; where the pool offers no `predicted_loss`,
    `EmbeddingLossPredictor` is trained on the known answers' `embeddings`, else `LossPredictor` on
    the items, and offers `logits` too.

    Where few items are unknown it asks about more of them than Random: a round that was nearly all
    known teaches it to follow the informativeness.

    The rounds must be told to the labeled set: `labeled.begin_round(query)` before the answers,
    as in `openal.simulate`. Where they are not, and in the first query, the score is the sum of
    both, standardized; the query's diagnostics say how many answers taught it: `meta_answers`.
    How the answers are used without looking ahead is said at `MetaScore`.

    Args:
        informativeness: a score; by default the paper's CONF, the least confidence, as in the code.
        embeddings: name of the signal [N, D], of a frozen encoder.
        logits: name of the signal [N, K] that the losses come from, which the network ranks by.

    Raises:
        ArgumentError: an `informativeness` that is no score.

    Differences: the paper's embeddings are those of a contrastive network (CSI) trained on the
    whole pool; any encoder's may be given. The authors ask the best of a random 50,000 candidates;
    here all are scored. Of their code, see `MetaScore`.

    Cost: trains a network of some two hundred weights on the last round, half a second; the
    classifier's pass over every candidate, and its nearest known answer.

    Reference: Park, Shin, Bang, Lee, Song and Lee, "Meta-Query-Net: Resolving
    Purity-Informativeness Dilemma in Open-set Active Learning", NeurIPS 2022.
    """

    cites = ("park2022meta",)

    informativeness: Score = CONF
    _: KW_ONLY
    embeddings: str = "embeddings"
    logits: str = "logits"

    def plan(self) -> Chain:
        """Both scores, noted for the next round, and what is learned from the last."""
        purity, informativeness = NearestKnown(self.embeddings), self.informativeness
        best = Top(MetaScore(informativeness, purity=purity, logits=self.logits))
        return Chain(Note(purity), Note(informativeness), best)
