"""How much do the logits sum up to?"""

from dataclasses import dataclass

from torch import Tensor

from openal.functional.energy import energy
from openal.view import View, reads

__all__ = ["EnergyPurity"]


@dataclass(frozen=True)
class EnergyPurity:
    """Minus the free energy of the classifier's logits: log(sum_c exp(z_c)). Needs no answers.

    Softmax does not see a constant that is added to all logits of an item; the energy does.

    Reference: Liu, Wang, Owens and Li, "Energy-based Out-of-distribution Detection", NeurIPS 2020.
    """

    logits: str = reads("logits")

    def __call__(self, view: View) -> Tensor:
        """Purity [n]."""
        return -view.map(energy, self.logits)
