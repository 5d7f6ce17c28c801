"""What a detector says: DetectorProbability, and EOAL's PredictedKnown and ClosedSetCertainty."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar

from torch import Tensor

from openal.functional.entropies import binary_entropy_score
from openal.functional.scaling import with_ties_broken
from openal.learners import (
    Detector,
    EmbeddingDetector,
    EmbeddingEntropicDetector,
    EntropicDetector,
)
from openal.parts import Part, Role, as_score, signal
from openal.step import evaluate
from openal.view import Score, View

__all__ = ["ClosedSetCertainty", "DetectorProbability", "PredictedKnown"]


@dataclass(frozen=True)
class DetectorProbability(Part):
    """One minus the probability of unknown that a detector of K + 1 classes gives.

    Brings a detector at temperature 1: `EmbeddingDetector` where the pool has embeddings, else
    `Detector`. Until both a known and an unknown item are answered it has learned nothing, and
    every candidate scores as `before` does. `KnownProbability` is calibrated, and needs more time.

    Args:
        before: a score in [0, 1] that stands in until then; None: 1/2.
        detector_logits: name of the signal [N, K + 1].

    Raises:
        ArgumentError: a `before` that is no score.

    Reference: ours; LfOSA's detector (Ning et al., CVPR 2022) without its temperature.
    """

    cites = ("openal", "ning2022active")

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    before: Score | None = None
    _: KW_ONLY
    detector_logits: str = signal("detector_logits")

    def __post_init__(self) -> None:
        if self.before is not None:
            as_score(self.before, "before")
        super().__post_init__()

    @property
    def learners(self) -> tuple[Any, ...]:
        """A detector at temperature 1."""
        return Detector(temperature=1.0), EmbeddingDetector(temperature=1.0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1]."""
        if len(view.known) and len(view.invalid):
            return view.once(self, self._learned)
        return view.unordered(0.5) if self.before is None else evaluate(self.before, view)

    def _learned(self, view: View) -> Tensor:
        return view.map(_probability, self.detector_logits)


def _probability(logits: Tensor) -> Tensor:
    return -logits.double().log_softmax(dim=1)[:, -1].expm1()


@dataclass(frozen=True)
class PredictedKnown(Part):
    """1 where the largest of the K + 1 outputs of a detector is a known class, 0 elsewhere.

    An output of a known class that equals the unknown one counts as known. Brings EOAL's detector:
    `EmbeddingEntropicDetector` where the pool has embeddings, else `EntropicDetector`.

    Args:
        order: a score that ranks items of the same prediction; it moves the number by less than
            `openal.functional.scaling.TIE_WEIGHT`.
        detector_logits: name of the signal [N, K + 1].

    Raises:
        ArgumentError: an `order` that is no score.

    >>> from openal.informativeness import Margin
    >>> from openal.selection import Filter
    >>> Filter(PredictedKnown(Margin())).above
    0.5
    """

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    order: Score
    _: KW_ONLY
    detector_logits: str = signal("detector_logits")

    def __post_init__(self) -> None:
        as_score(self.order, "order")
        super().__post_init__()

    @property
    def learners(self) -> tuple[Any, ...]:
        """EOAL's detector."""
        return EntropicDetector(), EmbeddingEntropicDetector()

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1], float64."""
        known = view.map(partial(_known, num_classes=view.num_classes), self.detector_logits)
        order = evaluate(self.order, view).double().to(known.device)
        rank = 0.5 + 0.5 * order / (1 + order.abs())  # in the same order, within 0..1
        return with_ties_broken(known, rank)


def _known(logits: Tensor, num_classes: int) -> Tensor:
    known, unknown = logits[:, :num_classes], logits[:, num_classes]
    return (known.amax(dim=1) >= unknown).double()


@dataclass(frozen=True)
class ClosedSetCertainty(Part):
    """One minus the mean entropy of K binary heads, in bits: 1 where each is sure, 0 where none.

    The heads of `EntropicDetector` are trained to be undecided about unknown items. Heads that
    all say no are sure, too: ask first whether the item is of a known class, as
    `PredictedKnown` does. Brings EOAL's detector: `EmbeddingEntropicDetector` where the pool has
    embeddings, else `EntropicDetector`.

    Args:
        head_logits: name of the signal [N, 2, K]: no, then yes.

    Reference: Safaei et al., "Entropic Open-Set Active Learning" (EOAL), AAAI 2024: the
    closed-set entropy with its sign changed, so that larger is more likely known.
    """

    cites = ("safaei2024entropic",)

    role: ClassVar[Role] = "purity"

    head_logits: str = signal("head_logits")

    @property
    def learners(self) -> tuple[Any, ...]:
        """EOAL's detector."""
        return EntropicDetector(), EmbeddingEntropicDetector()

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1]."""
        return 1 - view.map(binary_entropy_score, self.head_logits)
