"""DistanceRatio (SISOM, SISOMe): at the edge of its class, and the energy of its logits."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from openal.functional import energy
from openal.functional.distance_ratio import ClassDistances
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["DistanceRatio"]


@dataclass(frozen=True)
class DistanceRatio(Part):
    """How far an item is from its predicted class, over how far that neighbor is from the others.

    The quotient q is d_in over d_out: the distance to the nearest known answer of the predicted
    class, and that of this answer to the nearest one of another class. With `energy`, SISOMe, the
    score is w E + (1 - w) q, where E is the free energy of the logits and w the mean quotient of
    the known answers, each by the others, at most 1: where classes overlap the energy decides,
    where they are apart the quotient.

    A class without an answer is not predicted for q: the likeliest of the others is. Before two
    classes have answers, or one class two, the energy decides alone; without `energy` and before
    two classes have answers all are equal, and the order is random. The query's diagnostics hold w
    as `energy_weight`.

    Args:
        features: name of the signal [N, d], the classifier's penultimate layer.
        logits: name of the signal [N, K].
        energy: whether the energy counts beside the quotient; False is SISOM.
        balanced: whether classes with few answers go first (Joda): the score of an item predicted
            as class c then loses s (n_c K / m - 1), with n_c of the m known answers in the class,
            and s the deviation of the scores of known answers.

    Reference: Schmidt, Schenk, Schwinn and Guennemann, "A Unified Approach Towards Active Learning
    and Out-of-Distribution Detection" (SISOM), TMLR 2025; `balanced`: Schmidt, Schenk, Schwinn and
    Guennemann (Joda), CVPR 2025, eq. 4.
    """

    role: ClassVar[Role] = "informativeness"

    features: str = signal("features")
    _: KW_ONLY
    logits: str = signal("logits")
    energy: bool = True
    balanced: bool = False

    @property
    def cites(self) -> tuple[str, ...]:
        """SISOM, and Joda where classes are balanced."""
        return ("schmidt2025unified", *(("schmidt2025joint",) if self.balanced else ()))

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], float64."""
        known = _answered(view, self.features, self.logits)
        if known is None or (not self.energy and not known.apart):
            return self._without(view)
        weight = known.weight if self.energy else 0.0
        view.notes.update({"energy_weight": weight} if self.energy else {})
        bonus = known.bonus(weight, view.num_classes) if self.balanced else None
        measure = partial(_scores, known=known, weight=weight, bonus=bonus)
        return view.map(measure, self.features, self.logits)

    def _without(self, view: View) -> Tensor:
        """The energy alone, or a random order."""
        return view.map(energy, self.logits).double() if self.energy else view.unordered(0.0)


class _Known(NamedTuple):
    """The known answers, as the scores of candidates need them."""

    distances: ClassDistances
    logits: Tensor  # [m, K]
    ratios: Tensor  # [m], NaN of an only one of its class
    classes: Tensor  # bool [K], which have an answer

    @property
    def apart(self) -> bool:
        """Whether two classes have answers."""
        return int(self.classes.sum()) > 1

    @property
    def weight(self) -> float:
        """What the energy counts: the mean quotient, at most 1; 1 where there is none."""
        usable = self.ratios[~self.ratios.isnan()]
        return float(usable.mean().clamp(max=1)) if len(usable) else 1.0

    def bonus(self, weight: float, num_classes: int) -> Tensor:
        """What is added to the score of each class [K]."""
        mixed = _mixed(energy(self.logits).double().to(self.ratios), self.ratios, weight)
        mixed = mixed[~mixed.isnan()]
        spread = mixed.std() if len(mixed) > 1 else mixed.new_zeros(())
        counts = self.distances.labels.bincount(minlength=num_classes)
        return -spread * (counts.double() * num_classes / len(self.ratios) - 1)


def _answered(view: View, features: str, logits: str) -> _Known | None:
    """What the known answers say; None without any."""
    if len(view.known) == 0:
        return None
    z = view.known[features]
    labels = view.labels.to(z.device)
    distances = ClassDistances.of(z, labels)
    classes = labels.bincount(minlength=view.num_classes) > 0
    return _Known(distances, view.known[logits], distances.own_ratios(), classes)


def _scores(
    features: Tensor, logits: Tensor, known: _Known, weight: float, bonus: Tensor | None
) -> Tensor:
    """The score [n], float64, of a block of candidates."""
    logits = logits.to(features.device)
    answered = torch.where(known.classes, logits.double(), -torch.inf).argmax(dim=1)
    scores = _mixed(energy(logits).double(), known.distances.ratios(features, answered), weight)
    return scores if bonus is None else scores + bonus[logits.argmax(dim=1)]


def _mixed(energies: Tensor, ratios: Tensor, weight: float) -> Tensor:
    """The weighted sum [n]; the energy alone where its weight is 1."""
    return energies if weight == 1 else weight * energies + (1 - weight) * ratios
