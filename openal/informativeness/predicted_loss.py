"""How wrong does the classifier expect to be?"""

from dataclasses import dataclass
from functools import partial

from torch import Tensor

from openal.errors import ArrayError
from openal.functional._rows import float_dtype
from openal.view import View, reads

__all__ = ["PredictedLoss"]


@dataclass(frozen=True)
class PredictedLoss:
    """The loss that a loss predictor expects of the classifier; its unit means nothing.

    Reads `predicted_loss` [N] or [N, 1].
    """

    predicted_loss: str = reads("predicted_loss")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(partial(_column, name=self.predicted_loss), self.predicted_loss)


def _column(values: Tensor, name: str) -> Tensor:
    if values.shape[1:].numel() != 1:
        raise ArrayError(f"{name} must be one number per item, got {tuple(values.shape[1:])}.")
    return values.reshape(-1).to(float_dtype(values))
