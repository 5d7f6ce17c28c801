"""Distinctiveness (CCAL): how unlike the labeled items of the class it resembles."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import partial
from math import inf
from typing import ClassVar

import torch
from torch import Tensor

from openal.functional.distinctiveness import agreement_bounds, anchor_agreement
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
            own = group[:, None] == classes
            rows, agreement = self._agreement(view, classes, own)
            least = agreement.nan_to_num(nan=inf).amin(dim=0)
            most = agreement.nan_to_num(nan=-inf).amax(dim=0)
            span = (most - least).clamp(min=torch.finfo(most.dtype).tiny)
            mine = own[rows]
            result[rows[mine.any(dim=1)]] = 1 - ((agreement - least) / span)[mine]
        return result

    def _agreement(self, view: View, classes: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        """Candidates [r], and their agreement with the labeled items of some classes: [r, C].

        NaN where it is neither that of a candidate with its `own` class [n, C] nor one of those
        that may be the least or the largest of a class.
        """
        labeled = view.known[self.embeddings]
        anchors = [labeled[(view.labels == label).to(labeled.device)] for label in classes]
        bounds = partial(agreement_bounds, anchors=anchors)
        low, high = view.map(bounds, self.embeddings).cpu().unbind(dim=2)
        needed = own | (high >= low.amax(dim=0)) | (low <= high.amin(dim=0))
        rows = needed.any(dim=1).nonzero()[:, 0]
        exact = partial(_agreements, anchors=anchors)
        return rows, view.at(rows).map(exact, self.embeddings, needed[rows]).cpu()


def _agreements(block: Tensor, needed: Tensor, anchors: list[Tensor]) -> Tensor:
    """The agreements [r, C] that are `needed` [r, C]."""
    shape = len(block), len(anchors)
    result = torch.full(shape, torch.nan, dtype=torch.float64, device=block.device)
    for column, items in enumerate(anchors):
        rows = needed[:, column].nonzero()[:, 0].to(block.device)
        if len(rows):
            result[rows, column] = anchor_agreement(block[rows], items).double()
    return result
