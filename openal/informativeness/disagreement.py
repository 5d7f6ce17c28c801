"""Do the samples of a network disagree?

All read `mc_logits` [N, T, K]: the predictions of T samples of the classifier, such as T passes
with dropout (`learners.MCDropout`), the members of an ensemble, or networks of several epochs.
"""

from dataclasses import dataclass

from torch import Tensor

from openal.functional import bald, mean_std, variation_ratio
from openal.view import View, reads

__all__ = ["BALD", "MeanSTD", "VariationRatio"]


@dataclass(frozen=True)
class BALD:
    """What the label would tell about which sample is right, in nats: from 0 to log T."""

    mc_logits: str = reads("mc_logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(bald, self.mc_logits)


@dataclass(frozen=True)
class MeanSTD:
    """The standard deviation of a class's probability over the samples, mean over the classes."""

    mc_logits: str = reads("mc_logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(mean_std, self.mc_logits)


@dataclass(frozen=True)
class VariationRatio:
    """The share of samples that predict another class than most do: from 0 to 1 - 1/K."""

    mc_logits: str = reads("mc_logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(variation_ratio, self.mc_logits)
