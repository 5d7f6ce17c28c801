"""How sure are the binary heads of the known classes?"""

from dataclasses import dataclass

from torch import Tensor

from openal.functional.eoal_entropies import binary_entropy_score
from openal.view import View, reads

__all__ = ["ClosedSetCertainty"]


@dataclass(frozen=True)
class ClosedSetCertainty:
    """One minus the mean entropy of K binary heads, in bits: 1 where each is sure, 0 where none.

    The heads of `EntropicDetector` are trained to be undecided about unknown items. Heads that
    all say no are sure, too: ask first whether the item is of a known class, as
    `PredictedKnown` does.

    Reference: Safaei et al., "Entropic Open-Set Active Learning" (EOAL), AAAI 2024: the
    closed-set entropy, turned round so that larger is more likely known.
    """

    head_logits: str = reads("head_logits")

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1]."""
        return 1 - view.map(binary_entropy_score, self.head_logits)
