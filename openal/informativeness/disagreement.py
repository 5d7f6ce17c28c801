"""MutualInformation (BALD), MeanStandardDeviation, Disagreement: samples of a network compared.

All read `mc_logits` [N, T, K]: the predictions of T samples of the classifier, such as T passes
with dropout (`learners.MCDropout`), the members of an ensemble, or networks of several epochs.
All bring a classifier with dropout: `EmbeddingDropout` where the pool has embeddings, else
`DropoutClassifier`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from openal.functional import bald, mean_std, variation_ratio
from openal.learners import DropoutClassifier, EmbeddingDropout
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["Disagreement", "MeanStandardDeviation", "MutualInformation"]


@dataclass(frozen=True)
class MutualInformation(Part):
    """What the label would tell about which sample is right, in nats: from 0 to log T.

    Brings `EmbeddingDropout` where the pool has embeddings, else `DropoutClassifier`.

    Args:
        mc_logits: name of the signal [N, T, K].

    Reference: Houlsby et al., "Bayesian Active Learning for Classification and Preference
    Learning" (BALD), 2011.
    """

    cites = ("houlsby2011bayesian",)

    role: ClassVar[Role] = "informativeness"

    mc_logits: str = signal("mc_logits")

    @property
    def learners(self) -> tuple[Any, ...]:
        """A classifier with dropout."""
        return DropoutClassifier(), EmbeddingDropout()

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(bald, self.mc_logits)


@dataclass(frozen=True)
class MeanStandardDeviation(Part):
    """The standard deviation of a class's probability over the samples, mean over the classes.

    Brings `EmbeddingDropout` where the pool has embeddings, else `DropoutClassifier`.

    Args:
        mc_logits: name of the signal [N, T, K].

    Reference: Kampffmeyer, Salberg and Jenssen, "Semantic Segmentation of Small Objects and
    Modeling of Uncertainty", CVPR Workshops 2016.
    """

    cites = ("kampffmeyer2016semantic",)

    role: ClassVar[Role] = "informativeness"

    mc_logits: str = signal("mc_logits")

    @property
    def learners(self) -> tuple[Any, ...]:
        """A classifier with dropout."""
        return DropoutClassifier(), EmbeddingDropout()

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(mean_std, self.mc_logits)


@dataclass(frozen=True)
class Disagreement(Part):
    """The share of samples that predict another class than most do: from 0 to 1 - 1/K.

    Brings `EmbeddingDropout` where the pool has embeddings, else `DropoutClassifier`.

    Args:
        mc_logits: name of the signal [N, T, K].

    Reference: Freeman, "Elementary Applied Statistics", 1965: the variation ratio.
    """

    cites = ("freeman1965elementary",)

    role: ClassVar[Role] = "informativeness"

    mc_logits: str = signal("mc_logits")

    @property
    def learners(self) -> tuple[Any, ...]:
        """A classifier with dropout."""
        return DropoutClassifier(), EmbeddingDropout()

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n]."""
        return view.map(variation_ratio, self.mc_logits)
