"""Certainty, EnergyPurity: the classifier's certainty, and the free energy of its logits."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

from torch import Tensor

from openal.functional import entropy
from openal.functional.energy import energy
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["Certainty", "EnergyPurity"]


@dataclass(frozen=True)
class Certainty(Part):
    """One minus the entropy over its maximum: 1 for a sure prediction, 0 for a uniform one.

    The baseline that asks about what the classifier is surest of, which tends to be of a known
    class and to teach little. NEAT's authors' code returns the least certain under this name.

    Args:
        logits: name of the signal [N, K].
    """

    role: ClassVar[Role] = "purity"

    logits: str = signal("logits")

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1]."""
        return 1 - view.map(entropy, self.logits) / log(max(view.num_classes, 2))


@dataclass(frozen=True)
class EnergyPurity(Part):
    """Minus the free energy of the classifier's logits: log(sum_c exp(z_c)). Needs no answers.

    Softmax does not see a constant that is added to all logits of an item; the energy does.

    Args:
        logits: name of the signal [N, K].

    Reference: Liu, Wang, Owens and Li, "Energy-based Out-of-distribution Detection", NeurIPS 2020.
    """

    cites = ("liu2020energy",)

    role: ClassVar[Role] = "purity"

    logits: str = signal("logits")

    def __call__(self, view: View) -> Tensor:
        """Purity [n]."""
        return -view.map(energy, self.logits)
