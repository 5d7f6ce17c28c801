"""Learning Loss: the candidates with the largest predicted loss."""

from dataclasses import KW_ONLY, dataclass

from openal.informativeness import PredictedLoss
from openal.learners import EmbeddingLossPredictor, LossPredictor
from openal.query import Chain, Paper
from openal.selection import Top

__all__ = ["LearningLoss"]


@dataclass(frozen=True)
class LearningLoss(Paper):
    """The candidates with the largest predicted loss.

    Where nobody offers `predicted_loss`, a classifier and its loss prediction are trained on the
    known answers: `EmbeddingLossPredictor` on the pool's `embeddings`, else `LossPredictor` on its
    items. To train them in a loop of your own, attach `learners.LossPrediction` to your network and
    give its predictions as an array.

    Made for closed sets: the loss prediction has seen no unknown item, and what it makes of them is
    open. On CLIP embeddings it asked about more known items than Random, and the classifier
    learned about as much.

    Args:
        margin: by how much the predictions of a pair must be apart, above 0, in units of the loss;
            1, as in the paper.
        weight: of the loss prediction's loss, at least 0; 1, as in the code.
        joint_share: the share of the epochs after which its gradient no longer reaches the
            classifier, 0 to 1; 0.6, the code's 120 of 200.
        predicted_loss: name of the signal [N].

    Raises:
        ArgumentError: a `margin`, `weight` or `joint_share` beyond its limits.

    Differences from the authors' code: ranks all candidates, where it ranks a random 10,000 of
    them; `query(..., candidates=...)` does that.

    Cost: trains a classifier and its loss prediction on the known answers, on images or on
    embeddings; their pass over every candidate.

    Reference: Yoo and Kweon, "Learning Loss for Active Learning", CVPR 2019.
    """

    cites = ("yoo2019learning",)

    margin: float = 1.0
    _: KW_ONLY
    weight: float = 1.0
    joint_share: float = 0.6
    predicted_loss: str = "predicted_loss"

    def plan(self) -> Chain:
        """The largest predicted loss."""
        margin, weight, share = self.margin, self.weight, self.joint_share
        learners = (
            LossPredictor(margin=margin, weight=weight, joint_share=share),
            EmbeddingLossPredictor(margin=margin, weight=weight, joint_share=share),
        )
        return Chain(Top(PredictedLoss(self.predicted_loss)), learners=learners)
