"""Is the prediction neither even nor certain?"""

from dataclasses import dataclass

from torch import Tensor

from openal.functional.divergences import in_between
from openal.view import View, reads

__all__ = ["InBetween"]


@dataclass(frozen=True)
class InBetween:
    """JS(p, uniform) times JS(p, one-hot): largest for a prediction between even and certain.

    An even prediction is often of an unknown class, and a certain one teaches nothing.

    Reference: E2OAL, arXiv 2603.07898. Its authors' code exchanges the arguments of the
    Kullback-Leibler divergence; here they are those of the definition.
    """

    logits: str = reads("logits")

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], at least 0."""
        return view.map(in_between, self.logits)
