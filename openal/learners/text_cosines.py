"""How near each item is to the text of each class, and to that of its absence."""

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from torch import Tensor

from openal._checks import as_finite
from openal._fields import check_fields
from openal.errors import ArgumentError, ArrayError
from openal.functional._rows import unit_rows
from openal.labeled import LabeledSet
from openal.learners._class_texts import ClassTexts
from openal.learners._on_embeddings import taken
from openal.parts import signal
from openal.pool import Pool

__all__ = ["ClassCosines", "TextCosines", "TextEncoder"]

OFFERS = ("yes_cosines", "no_cosines")


class TextEncoder(Protocol):
    """What turns class names into directions: `CLIP`, `CLIPN`, or a user's own."""

    def class_texts(self, names: Any) -> ClassTexts:
        """The unit rows (yes [K, D], no [K, D]) of K class names."""


@dataclass(frozen=True, eq=False)
class TextCosines:
    """Computes `yes_cosines` and `no_cosines` [N, K]: of each embedding with each class text.

    `yes` and `no` [K, D] are the directions of the classes and of their absence. A cosine with an
    embedding of zeros is 0.

    Args:
        yes: directions of the classes, [K, D].
        no: directions of their absence, [K, D].
        embeddings: the name of the signal [N, D] that is read.

    >>> import torch
    >>> z = torch.tensor([[2.0, 0.0], [3.0, 4.0]])
    >>> cosines = TextCosines(yes=torch.tensor([[1.0, 0.0]]), no=torch.tensor([[0.0, 1.0]]))
    >>> Pool(embeddings=z, no_cosines=cosines).take("no_cosines", [0, 1])
    tensor([[0.0000],
            [0.8000]])
    """

    yes: Tensor
    no: Tensor
    embeddings: str = signal("embeddings")

    offers: ClassVar[tuple[str, ...]] = OFFERS
    derived: ClassVar[bool] = True
    """Cheap to compute from another signal: a pool does not keep it."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("yes", "no"):
            object.__setattr__(self, name, as_finite(getattr(self, name), name, ndim=2))
        if self.yes.shape != self.no.shape or len(self.yes) == 0:
            shapes = f"{tuple(self.yes.shape)} and {tuple(self.no.shape)}"
            raise ArrayError(f"yes and no must both be [K, D], got {shapes}.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named cosines [n, K] at `indices`, where the embeddings are."""
        z = _unit(taken(pool, self.embeddings, indices, None, progress))
        if z.shape[1] != self.yes.shape[1]:
            raise ArrayError(
                f"{self.embeddings} have {z.shape[1]} columns and the class texts "
                f"{self.yes.shape[1]}; take both from one encoder."
            )
        texts = {"yes_cosines": self.yes, "no_cosines": self.no}
        return {name: z @ _unit(texts[name].to(z)).T for name in names}


def _unit(rows: Tensor) -> Tensor:
    return unit_rows(rows).to(rows)


@dataclass(frozen=True)
class ClassCosines:
    """Offers `yes_cosines` and `no_cosines` with the class names of the labeled set.

    `encoder` is the `CLIP` or `CLIPN` that the pool's embeddings come from. Nothing is learned
    from the answers; only their class names are read.

    Args:
        encoder: the `CLIP` or `CLIPN` of the pool's embeddings.
        embeddings: the name of the signal [N, D] that is read.
    """

    encoder: TextEncoder
    embeddings: str = signal("embeddings")

    offers: ClassVar[tuple[str, ...]] = OFFERS

    def __post_init__(self) -> None:
        check_fields(self)
        if not hasattr(self.encoder, "class_texts"):
            raise ArgumentError(f"encoder must have class_texts, got {self.encoder!r:.80}.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> TextCosines:
        """The cosines with the texts of `labeled.classes`."""
        if labeled.classes == tuple(map(str, range(labeled.num_classes))):
            warnings.warn(
                "the classes have no names but their numbers, and texts of numbers look like "
                "nothing; give names: LabeledSet(size, classes=[...]).",
                stacklevel=2,
            )
        return TextCosines(*self.encoder.class_texts(labeled.classes), self.embeddings)
