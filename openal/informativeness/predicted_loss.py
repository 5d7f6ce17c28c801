"""How wrong does the classifier expect to be?"""

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

    Reads `predicted_loss` [N] or [N, 1].
    """

    role: ClassVar[Role] = "informativeness"

    predicted_loss: str = signal("predicted_loss")

    @property
    def learners(self) -> tuple[Any, ...]:
        """A classifier that predicts its loss."""
        return EmbeddingLossPredictor(), LossPredictor()

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(partial(_column, name=self.predicted_loss), self.predicted_loss)


def _column(values: Tensor, name: str) -> Tensor:
    if values.shape[1:].numel() != 1:
        raise ArrayError(f"{name} must be one number per item, got {tuple(values.shape[1:])}.")
    return values.reshape(-1).to(float_dtype(values))
