"""Entropy, LeastConfidence, Margin, InBetween (E2OAL): the uncertainty of one prediction."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar

from torch import Tensor

from openal.functional import entropy, least_confidence, margin
from openal.functional.uncertainty import in_between
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["Entropy", "InBetween", "LeastConfidence", "Margin"]


@dataclass(frozen=True)
class Entropy(Part):
    """The entropy of the predicted class, in nats: from 0 to log K.

    Args:
        logits: name of the signal [N, K], or [N, K + 1] of a detector.
        known_only: leaves out the columns after the first K, such as a detector's for the unknown.
    """

    role: ClassVar[Role] = "informativeness"

    logits: str = signal("logits")
    _: KW_ONLY
    known_only: bool = False

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        columns = view.num_classes if self.known_only else None
        return view.map(partial(_entropy, columns=columns), self.logits)


@dataclass(frozen=True)
class LeastConfidence(Part):
    """One minus the probability of the most likely class: from 0 to 1 - 1/K.

    Args:
        logits: name of the signal [N, K].
    """

    role: ClassVar[Role] = "informativeness"

    logits: str = signal("logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(least_confidence, self.logits)


@dataclass(frozen=True)
class Margin(Part):
    """One minus the gap between the two most likely classes: 1 where they are equally likely.

    Args:
        logits: name of the signal [N, K].
    """

    role: ClassVar[Role] = "informativeness"

    logits: str = signal("logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(margin, self.logits)


def _entropy(logits: Tensor, columns: int | None) -> Tensor:
    return entropy(logits[:, :columns])


@dataclass(frozen=True)
class InBetween(Part):
    """JS(p, uniform) times JS(p, one-hot): largest for a prediction between even and certain.

    An even prediction is often of an unknown class, and a certain one teaches nothing.

    Args:
        logits: name of the signal [N, K].

    Reference: E2OAL, arXiv 2603.07898. Its authors' code exchanges the arguments of the
    Kullback-Leibler divergence; here they are those of the definition.
    """

    cites = ("zong2026revisiting",)

    role: ClassVar[Role] = "informativeness"

    logits: str = signal("logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], at least 0."""
        return view.map(in_between, self.logits)
