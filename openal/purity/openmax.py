"""OpenMaxPurity (OpenMax): one minus the probability of the unknown class added to the logits."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from openal._checks import as_count, as_number
from openal.functional.openmax import OpenMaxModel, openmax_model
from openal.functional.scaling import with_ties_broken
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["OpenMaxPurity"]


@dataclass(frozen=True)
class OpenMaxPurity(Part):
    """One minus the probability of the unknown class that OpenMax adds to the classifier.

    Learns from the classifier's `logits` of the answered items of known classes; UNKNOWN answers
    are not used. Equal probabilities, many of which are 0 or 1, go to the larger probability of a
    known class. A class with fewer than 3 correctly classified answers takes nothing from its
    logit; before any answer the unknown class has the logit 0, and the order is that of the
    energy.

    Args:
        alpha: how many of the largest logits are revised, at least 1; 10, as in the paper.
        tail: how many of the largest distances of a class its Weibull distribution is fitted to, at
            least 1; 20, as in the paper.
        scale: what Euclidean distances are divided by, above 0; None: the root mean square of the
            answers' distances to their class's mean, ours.
        shift: where the tail starts, above 0, in units of the distance; 1, ours.
        logits: name of the signal [N, K].

    Raises:
        ArgumentError: `alpha` or `tail` below 1, a `scale` or `shift` that is not above 0.

    Reference: Bendale and Boult, "Towards Open Set Deep Networks", CVPR 2016.
    """

    cites = ("bendale2016towards",)

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    alpha: int = 10
    _: KW_ONLY
    tail: int = 20
    scale: float | None = None
    shift: float = 1.0
    logits: str = signal("logits")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_count(self.alpha, "alpha", minimum=1)
        as_count(self.tail, "tail", minimum=1)
        as_number(self.shift, "shift", above=0)
        if self.scale is not None:
            as_number(self.scale, "scale", above=0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [0, 1]."""
        known = partial(_known, model=self._model(view), alpha=self.alpha)
        return view.map(known, self.logits)

    def _model(self, view: View) -> OpenMaxModel:
        none = torch.zeros(0, view.num_classes, dtype=torch.float32, device="cpu")
        z = view.known[self.logits] if len(view.known) else none
        return openmax_model(z, view.labels, tail=self.tail, scale=self.scale, shift=self.shift)


def _known(logits: Tensor, model: OpenMaxModel, alpha: int) -> Tensor:
    p = model.to(logits.device).probabilities(logits.double(), alpha=alpha)
    return with_ties_broken(1 - p[:, -1], p[:, :-1].amax(dim=1))
