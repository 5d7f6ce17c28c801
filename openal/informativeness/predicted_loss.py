"""PredictedLoss (Learning Loss): the loss that the classifier is expected to have."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from torch import Tensor

from openal.errors import ArrayError
from openal.functional._rows import float_dtype
from openal.learners import EmbeddingLossPredictor, LossPredictor
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["PredictedLoss"]


@dataclass(frozen=True)
class PredictedLoss(Part):
    """The loss that a loss predictor expects of the classifier; its unit means nothing.

    Brings a classifier that predicts its loss: `EmbeddingLossPredictor` where the pool has
    embeddings, else `LossPredictor`.

    Args:
        predicted_loss: name of the signal [N] or [N, 1].

    Raises:
        ArrayError: in a query, a signal of more than one number per item.

    Reference: Yoo and Kweon, "Learning Loss for Active Learning", CVPR 2019.
    """

    cites = ("yoo2019learning",)

    role: ClassVar[Role] = "informativeness"

    predicted_loss: str = signal("predicted_loss")

    @property
    def learners(self) -> tuple[Any, ...]:
        """A classifier that predicts its loss."""
        return LossPredictor(), EmbeddingLossPredictor()

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(partial(_column, name=self.predicted_loss), self.predicted_loss)


def _column(values: Tensor, name: str) -> Tensor:
    if values.shape[1:].numel() != 1:
        raise ArrayError(f"{name} must be one number per item, got {tuple(values.shape[1:])}.")
    return values.reshape(-1).to(float_dtype(values))
