"""Distinctiveness (CCAL): how unlike the labeled items of the class it resembles."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from openal.functional.distinctiveness import anchor_agreement
from openal.functional.scaling import unit_range
from openal.parts import Part, Role, as_function, signal
from openal.view import View

__all__ = ["Distinctiveness"]

COLUMN_BYTES = 2**26  # of the agreements with several classes at a time


@dataclass(frozen=True)
class Distinctiveness(Part):
    """How far a candidate is from the labeled items of one class: 1 farthest, 0 nearest.

    One minus `anchor_agreement` with the labeled items of the class that `groups` gives, scaled
    by the smallest and the largest agreement of all candidates with that class. A class with one
    labeled item compares with that alone; with one without any, and where all candidates agree
    alike with a class, the value is 1.

    Args:
        groups: a function of a view that gives the class of every candidate, int64 [n], such as
            `NearestClass()`.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: `groups` that are no function of a view.

    Reference: Du et al., "Contrastive Coding for Active Learning under Class Distribution
    Mismatch", ICCV 2021 (CCAL): the distinctive score.
    """

    cites = ("du2021contrastive",)

    role: ClassVar[Role] = "informativeness"

    groups: Callable[[View], Tensor]
    _: KW_ONLY
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        as_function(self.groups, "groups")
        super().__post_init__()

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], float64 in [0, 1]."""
        result = torch.ones(len(view.pool), dtype=torch.float64, device="cpu")
        if len(view.known) == 0:
            return result
        group = self.groups(view).cpu()
        for classes in view.labels.unique().split(max(1, COLUMN_BYTES // (8 * len(view.pool)))):
            agreement = self._agreement(view, classes)
            for column, label in enumerate(classes):
                members = group == label
                result[members] = 1 - unit_range(agreement[:, column])[members]
        return result

    def _agreement(self, view: View, classes: Tensor) -> Tensor:
        """With the labeled items of each of some classes: [n, C], float64."""
        labeled = view.known[self.embeddings]
        anchors = [labeled[(view.labels == label).to(labeled.device)] for label in classes]
        return view.map(partial(_agreements, anchors=anchors), self.embeddings).double().cpu()


def _agreements(block: Tensor, anchors: list[Tensor]) -> Tensor:
    return torch.stack([anchor_agreement(block, items) for items in anchors], dim=1)
