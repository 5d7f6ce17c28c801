"""AleatoricMixture (EAOA): the posterior of the higher of two Gaussians of aleatoric energy."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from openal.functional import mixture_posterior
from openal.functional.energy import aleatoric_energy
from openal.functional.scaling import unit_range, with_ties_broken
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["AleatoricMixture"]


@dataclass(frozen=True)
class AleatoricMixture(Part):
    """How likely the aleatoric energy of an item belongs to the higher of two Gaussians.

    The energy grows with the probability that the best class leaves to the others. The Gaussians
    are fitted once in a query, to the candidates of the first stage that asks; later stages see
    fewer candidates, and the same scores of them. Equal posteriors go to the higher energy. With
    one class all score 0.5.

    Args:
        logits: name of the signal [N, K].

    Reference: Zong and Huang, "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set
    Annotation: An Energy-Based Approach" (EAOA), CVPR 2025.
    """

    cites = ("zong2025rethinking",)

    role: ClassVar[Role] = "informativeness"

    logits: str = signal("logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], float64 in [0, 1]."""
        return view.once(self, self._fitted)

    def _fitted(self, view: View) -> Tensor:
        share = unit_range(view.map(aleatoric_energy, self.logits).double())
        group = torch.zeros_like(share, dtype=torch.int64)
        return with_ties_broken(mixture_posterior(share, group, 1), share)
