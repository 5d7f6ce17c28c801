"""Purity by a detector: the probability that it gives to known classes, its binary heads."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar

from torch import Tensor

from openal.functional.entropies import binary_entropy_score
from openal.functional.scaling import with_ties_broken
from openal.learners import EmbeddingEntropicDetector, EntropicDetector
from openal.parts import Part, Role, as_score, signal
from openal.step import evaluate
from openal.view import Score, View

__all__ = ["ClosedSetCertainty", "PredictedKnown"]


@dataclass(frozen=True)
class PredictedKnown(Part):
    """1 where the largest of the K + 1 outputs of a detector is a known class, 0 elsewhere.

    `order` is a score that ranks equals: it moves these numbers by a hair. An output of a known
    class that equals the unknown one counts as known.

    >>> from openal.informativeness import Margin
    >>> from openal.selection import Filter
    >>> Filter(PredictedKnown(Margin()), above=0.5).score.order
    Margin(logits='logits')
    """

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    order: Score
    _: KW_ONLY
    detector_logits: str = signal("detector_logits")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_score(self.order, "order")

    @property
    def learners(self) -> tuple[Any, ...]:
        """EOAL's detector."""
        return EmbeddingEntropicDetector(), EntropicDetector()

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1], float64."""
        known = view.map(partial(_known, num_classes=view.num_classes), self.detector_logits)
        order = evaluate(self.order, view).double().to(known.device)
        standing = 0.5 + 0.5 * order / (1 + order.abs())  # in the same order, within 0..1
        return with_ties_broken(known, standing)


def _known(logits: Tensor, num_classes: int) -> Tensor:
    known, unknown = logits[:, :num_classes], logits[:, num_classes]
    return (known.amax(dim=1) >= unknown).double()


@dataclass(frozen=True)
class ClosedSetCertainty(Part):
    """One minus the mean entropy of K binary heads, in bits: 1 where each is sure, 0 where none.

    The heads of `EntropicDetector` are trained to be undecided about unknown items. Heads that
    all say no are sure, too: ask first whether the item is of a known class, as
    `PredictedKnown` does.

    Reference: Safaei et al., "Entropic Open-Set Active Learning" (EOAL), AAAI 2024: the
    closed-set entropy, turned round so that larger is more likely known.
    """

    role: ClassVar[Role] = "purity"

    head_logits: str = signal("head_logits")

    @property
    def learners(self) -> tuple[Any, ...]:
        """EOAL's detector."""
        return EmbeddingEntropicDetector(), EntropicDetector()

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1]."""
        return 1 - view.map(binary_entropy_score, self.head_logits)
