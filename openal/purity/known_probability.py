"""KnownProbability: a detector's probability of a known class, calibrated on the answers."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor
from torch.nn.functional import logsigmoid

from openal.learners import CalibratedDetector
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["KnownProbability"]


@dataclass(frozen=True)
class KnownProbability(Part):
    """The probability of being known by a calibrated detector: of items at 0.7, about 7 in 10 are.

    So thresholds mean something: `Filter(KnownProbability(), above=0.7)`, or
    `TargetPrecision(KnownProbability(), then=Entropy(), precision=0.8)`. Brings a detector on the
    pool's `embeddings`, `CalibratedDetector`; one on images is
    `Chain(..., learners=(CalibratedDetector(Detector()),))`. Before there are answers of both kinds
    all candidates are at 0.5, in random order.

    Args:
        log_odds: name of the signal [N], log P(known) - log P(unknown).
    """

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    log_odds: str = signal("known_log_odds")

    @property
    def learners(self) -> tuple[Any, ...]:
        """A detector on embeddings, calibrated."""
        return (CalibratedDetector(),)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [0, 1]."""
        if len(view.known) == 0 or len(view.invalid) == 0:
            return view.unordered(0.5)
        return view.map(_probability, self.log_odds)


def _probability(log_odds: Tensor) -> Tensor:
    # Not torch.sigmoid, which rounds the ends of an array differently: equal values stay equal.
    return logsigmoid(log_odds.double()).exp()
