"""TextShare: class texts against other texts, calibrated on the answers."""

from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from openal._checks import as_number
from openal.errors import ArrayError
from openal.functional._calibration import slope_and_offset
from openal.functional._rows import unit_rows
from openal.parts import Part, Role, signal
from openal.purity.negative_labels import negative_labels, unit_texts
from openal.view import View

__all__ = ["TextShare"]

KEPT = 0.9
"""The share of the negatives that are kept: the tenth that is nearest to the classes is not."""

SLOPE, SLOPE_SPREAD = 0.5, 0.5
"""A softmax of cosines is too sure: the slope of its log-odds is about 1/2 before any answer."""


@dataclass(frozen=True, eq=False)
class TextShare(Part):
    """The probability that a candidate is what one of the class texts says, and no other text.

    The share of the class texts in a softmax over these and the negatives; the answers, also few
    ones, say what its log-odds are worth. Works from no answer on. The negatives may be any
    vocabulary: the tenth of it that is nearest to the classes is left out, so that none of them
    names a class.

    Args:
        classes: (K, D), text embeddings of the classes, in the space of the images.
        negatives: (M, D), text embeddings of other things.
        scale: what the cosines are multiplied by, above 0; 100, CLIP's.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: a `scale` that is not above 0.
        ArrayError: in a query, texts that are not (K, D) and (M, D), not finite, or none.

    Reference: ours; Jiang et al., "Negative Label Guided OOD Detection with Pretrained
    Vision-Language Models" (NegLabel), ICLR 2024, and Platt, 1999.
    """

    cites = ("openal", "jiang2024negative", "platt1999probabilistic")

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    classes: Tensor = field(repr=False)
    _: KW_ONLY
    negatives: Tensor = field(repr=False)
    scale: float = 100.0
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number(self.scale, "scale", above=0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1], float32."""
        return view.once(self, self._share)

    def _share(self, view: View) -> Tensor:
        classes = unit_texts(self.classes, "classes")
        negatives = unit_texts(self.negatives, "negatives")
        if classes.shape[1] != negatives.shape[1]:
            sizes = f"{tuple(classes.shape)} and {tuple(negatives.shape)}"
            raise ArrayError(f"classes and negatives must be (K, D) and (M, D), got {sizes}.")
        negatives = negatives[negative_labels(classes, negatives, KEPT)]
        odds = partial(_log_odds, classes=classes, negatives=negatives, scale=self.scale)
        answered = [odds(rows[self.embeddings]) for rows in (view.known, view.invalid) if len(rows)]
        found = torch.cat(answered) if answered else torch.empty(0, device="cpu")
        is_known = torch.arange(len(found), device="cpu") < len(view.known)
        slope, offset = slope_and_offset(found, is_known, slope=SLOPE, slope_spread=SLOPE_SPREAD)
        view.notes.update(slope=slope, offset=offset)
        log_odds = view.map(odds, self.embeddings)
        # Rounded to single precision: the last bits of a product depend on the size of its block.
        return logsigmoid(slope * log_odds + offset).exp().float()


def _log_odds(rows: Tensor, classes: Tensor, negatives: Tensor, scale: float) -> Tensor:
    """The log-odds [n] of the class texts, float64."""
    z = unit_rows(rows)
    known, other = (
        (scale * (z @ texts.to(z).T)).logsumexp(dim=1) for texts in (classes, negatives)
    )
    return known - other
