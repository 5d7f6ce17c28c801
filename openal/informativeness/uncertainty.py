"""How unsure is the classifier?"""

from dataclasses import dataclass
from functools import partial

from torch import Tensor

from openal.functional import entropy, least_confidence, margin
from openal.view import View, reads

__all__ = ["Entropy", "LeastConfidence", "Margin"]


@dataclass(frozen=True)
class Entropy:
    """The entropy of the predicted class, in nats: from 0 to log K.

    `known_only` leaves out the last column, for the logits of a detector whose last output is
    the unknown class.
    """

    known_only: bool = False
    logits: str = reads("logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        columns = view.num_classes if self.known_only else None
        return view.map(partial(_entropy, columns=columns), self.logits)


@dataclass(frozen=True)
class LeastConfidence:
    """One minus the probability of the most likely class: from 0 to 1 - 1/K."""

    logits: str = reads("logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(least_confidence, self.logits)


@dataclass(frozen=True)
class Margin:
    """One minus the gap between the two most likely classes: 1 where they are equally likely."""

    logits: str = reads("logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(margin, self.logits)


def _entropy(logits: Tensor, columns: int | None) -> Tensor:
    return entropy(logits[:, :columns])
