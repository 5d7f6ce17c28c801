"""NegativeLabels (NegLabel): the share of the class texts among texts of many other things."""

from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from openal._checks import as_count, as_finite, as_number, as_tensor
from openal.errors import ArrayError
from openal.functional._rows import float_dtype, unit_rows
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["NegativeLabels", "negative_labels", "unit_texts"]


@dataclass(frozen=True, eq=False)
class NegativeLabels(Part):
    """The share of the class texts in a softmax over them and many texts of other things.

    Needs no answers. The negatives are divided into groups, and the share is the mean over the
    groups, which lessens the harm of a negative that happens to name a class. `negative_labels`
    chooses negatives from a vocabulary.

    Args:
        classes: (K, D), text embeddings of the classes, in the space of the images.
        negatives: (M, D), text embeddings of other things.
        scale: what the cosines are multiplied by, above 0; 100 is one over the paper's temperature.
        groups: into how many groups the negatives are divided, at least 1, at most M; 100.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: a `scale` that is not above 0, `groups` below 1.
        ArrayError: in a query, texts that are not (K, D), not finite, or none.

    Reference: Jiang et al., "Negative Label Guided OOD Detection with Pretrained Vision-Language
    Models" (NegLabel), ICLR 2024, eqs. 5-8.
    """

    cites = ("jiang2024negative",)

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    classes: Tensor = field(repr=False)
    _: KW_ONLY
    negatives: Tensor = field(repr=False)
    scale: float = 100.0
    groups: int = 100
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number(self.scale, "scale", above=0)
        as_count(self.groups, "groups", minimum=1)

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1]."""
        classes = _unit(self.classes, "classes")
        negatives = _unit(self.negatives, "negatives")
        groups = min(self.groups, len(negatives))
        share = partial(
            _share, classes=classes, negatives=negatives, scale=self.scale, groups=groups
        )
        return view.map(share, self.embeddings)


def negative_labels(classes: Tensor, vocabulary: Tensor, share: float = 0.15) -> Tensor:
    """The rows [M] of a vocabulary that are least like any of the classes.

    Likeness is the 95th percentile of the cosines with the classes, as in NegLabel's NegMining
    (eq. 4, eta = 0.05).

    Args:
        classes: (K, D), text embeddings of the classes.
        vocabulary: (V, D), text embeddings to choose from.
        share: the share of the vocabulary that is kept, the least like the classes, above 0; 0.15,
            as in the paper.

    Returns:
        (M,), int64, ascending.

    Raises:
        ArrayError: texts that are not (K, D) and (V, D), not finite, or none.
        ArgumentError: a `share` that is not above 0.
    """
    cosines = _unit(vocabulary, "vocabulary") @ _unit(classes, "classes").T
    likeness = torch.quantile(cosines, 0.95, dim=1)
    count = max(1, round(as_number(share, "share", above=0) * len(likeness)))
    return likeness.sort(stable=True).indices[:count].sort().values


def unit_texts(texts: Tensor, argument: str) -> Tensor:
    """The texts scaled to length one, float64; an ArrayError where they are none, or not finite."""
    texts = as_finite(texts, argument, ndim=2)
    if len(texts) == 0:
        raise ArrayError(f"{argument} must hold at least one text.")
    return unit_rows(texts)


def _unit(texts: Tensor, argument: str) -> Tensor:
    return unit_texts(texts, argument).to(float_dtype(as_tensor(texts, argument)))


def _share(
    embeddings: Tensor, classes: Tensor, negatives: Tensor, scale: float, groups: int
) -> Tensor:
    z = unit_rows(embeddings).float()
    positive = (scale * (z @ classes.to(z).T)).logsumexp(dim=1, keepdim=True)
    cosines = scale * (z @ negatives.to(z).T)
    negative = torch.stack([cosines[:, g::groups].logsumexp(dim=1) for g in range(groups)], dim=1)
    return logsigmoid(positive - negative).exp().mean(dim=1)
