"""Signal, Directions, GradientEmbedding (BADGE): vectors that a stage spreads its choice over."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
from torch import Tensor

from openal.errors import ArgumentError, ScoreError
from openal.functional._rows import directions_of
from openal.parts import Part, as_function, signal
from openal.view import View

__all__ = [
    "Directions",
    "GradientEmbedding",
    "Signal",
    "Vectors",
    "answered_vectors",
    "as_vectors",
    "vectors_of",
]

Vectors = Callable[[View], Any]
"""Gives the vector of every candidate, a tensor [n, d], or two factors of it, [n, K] and [n, d]."""


@dataclass(frozen=True)
class Signal(Part):
    """Vectors: the values of a signal as they are.

    Args:
        name: name of the signal [N, d].
    """

    name: str = signal("features")

    def __call__(self, view: View) -> Tensor:
        """The vectors [n, d]."""
        return view.pool[self.name]


@dataclass(frozen=True)
class GradientEmbedding(Part):
    """Vectors: the gradients of the last layer, were the predicted class the label (BADGE).

    Given by what they are made of, logits [n, K] and features [n, d]; the K * d numbers of each
    never exist.

    Args:
        logits: name of the signal [N, K].
        features: name of the signal [N, d], the classifier's penultimate layer.

    Reference: Ash et al., "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds"
    (BADGE), ICLR 2020.
    """

    cites = ("ash2020deep",)

    logits: str = signal("logits")
    _: KW_ONLY
    features: str = signal("features")

    def __call__(self, view: View) -> tuple[Tensor, Tensor]:
        """The logits [n, K] and the features [n, d]."""
        logits, features = view.pool[self.logits], view.pool[self.features]
        return logits.to(features.device), features


def as_vectors(vectors: Any) -> Vectors:
    """Vectors, also from the name of a signal."""
    if isinstance(vectors, str):
        return Signal(vectors)
    if not callable(vectors):
        raise ArgumentError(
            f"vectors must be the name of a signal or a function of a view, got {vectors!r}."
        )
    return cast(Vectors, as_function(vectors, "vectors"))


def vectors_of(vectors: Vectors, view: View) -> Tensor:
    """The vectors [n, d] of the candidates, or a ScoreError where they are no tensor."""
    points = vectors(view)
    if not isinstance(points, Tensor) or points.ndim != 2 or len(points) != len(view.pool):
        got = tuple(points.shape) if isinstance(points, Tensor) else type(points).__name__
        raise ScoreError(f"{vectors!r} must return a tensor [{len(view.pool)}, d], got {got}.")
    return points


def answered_vectors(vectors: Vectors, view: View, centers: str) -> Tensor | None:
    """The vectors [m, d] of the answered items, of all or of the known; None without any."""
    invalid = view.invalid.indices if centers == "answered" else np.empty(0, np.int64)
    answered = replace(view.pool, indices=np.concatenate([view.known.indices, invalid]))
    return vectors_of(vectors, replace(view, pool=answered)) if len(answered) else None


@dataclass(frozen=True)
class Directions(Part):
    """Vectors: a signal's rows scaled to length one; a row of zeros stays as it is.

    Args:
        name: name of the signal [N, d].
        centered: whether the mean over all candidates and answers is taken away first: embeddings
            often share one large direction, next to which the others are small.
    """

    name: str = signal("features")
    _: KW_ONLY
    centered: bool = False

    def __call__(self, view: View) -> Tensor:
        """The directions [n, D]: float32, float64 of such a signal."""
        center = view.mean(self.name) if self.centered else None
        return view.map(partial(directions_of, center=center), self.name)
