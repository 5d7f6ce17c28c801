"""The signals of one query: what the standard ones hold, and what comes from their sources."""

import warnings
from collections.abc import Hashable
from typing import Any

import numpy as np
from torch import Tensor

from openal._checks import first_bad_row
from openal._sources import KEPT, Computed, Derived, Kept, Source, Stored, Trainable, frozen
from openal.errors import ArrayError, MissingSignalError

__all__ = ["QuerySignals"]

EXTRA_COLUMNS = {
    "logits": 0,
    "mc_logits": 0,
    "detector_logits": 1,
    "head_logits": 0,
    "yes_cosines": 0,
    "no_cosines": 0,
}
"""How many columns a signal of a standard name has beside one for each class."""

DIMENSIONS = {
    "embeddings": 2,
    "features": 2,
    "logits": 2,
    "mc_logits": 3,
    "detector_logits": 2,
    "detector_features": 2,
    "head_logits": 3,
    "yes_cosines": 2,
    "no_cosines": 2,
}
"""How many dimensions a signal of a standard name has, that of the items included."""

COSINES = ("yes_cosines", "no_cosines")
RAW = ("logits", "mc_logits", "detector_logits")
"""Outputs before a softmax, which probabilities are not."""
MANY = 3
"""So many rows do not add up to 1 by chance."""


class QuerySignals:
    """The signals of one query: trains and computes what is read, checks what comes."""

    def __init__(
        self,
        pool: Any,
        sources: dict[str, Source],
        labeled: Any,
        *,
        seed: int,
        progress: bool | None,
    ) -> None:
        self._pool, self._sources, self._labeled = pool, sources, labeled
        self._seed, self._progress = seed, progress
        self._fitted: dict[int, Computed | Derived | Kept] = {}
        self._suspected: set[str] = set()  # of holding probabilities, and warned of

    def take(self, name: str, indices: np.ndarray) -> Tensor:
        """The rows [n, ...] of signal `name` at `indices`; refuses NaN and a wrong width."""
        source, names = self._source(name)
        values = source.take(self._pool, name, indices, names=names, progress=self._progress)
        values = _usable(name, values, indices, self._labeled.num_classes)
        if name in RAW and name not in self._suspected and _look_like_probabilities(values):
            self._suspected.add(name)
            warnings.warn(
                f"Signal {name!r} looks like probabilities: no number is negative and every row "
                f"adds up to 1. Give the raw outputs, from before the softmax.",
                stacklevel=2,
            )
        return values

    def prepare(self, name: str, indices: np.ndarray) -> None:
        """Compute in one pass what will be taken in blocks."""
        source, names = self._source(name)
        if isinstance(source, Computed):
            source.compute(self._pool, name, indices, names=names, progress=self._progress)

    def kept(self, name: str) -> dict[Hashable, Any]:
        """What parts remember about a signal from query to query, while its values are the same.

        What a trained learner offers is new in every query; what the pool offers stays.
        """
        return KEPT.setdefault(self._source(name)[0], {}).setdefault(name, {})

    def _source(self, name: str) -> tuple[Stored | Computed | Derived | Kept, tuple[str, ...]]:
        """Where a signal comes from, and all signals that are read from there."""
        if name not in self._sources:
            raise MissingSignalError(
                f"{name!r} was read without being declared; declared are {sorted(self._sources)}. "
                f"Say so: function.reads = ({name!r},), or a field reads({name!r})."
            )
        source = self._sources[name]
        origin = getattr(source, "learner", source)
        names = tuple(
            key for key, each in self._sources.items() if getattr(each, "learner", each) is origin
        )
        return (self._trained(source) if isinstance(source, Trainable) else source), names

    def _trained(self, source: Trainable) -> Computed | Derived | Kept:
        learner = source.learner
        if id(learner) not in self._fitted:
            fitted = learner.fit(
                self._pool, self._labeled, seed=self._seed, progress=self._progress
            )
            self._fitted[id(learner)] = frozen(fitted)
        return self._fitted[id(learner)]


def _usable(name: str, values: Tensor, indices: np.ndarray, num_classes: int) -> Tensor:
    columns = values.shape[-1] if values.ndim > 1 else 0
    if name in EXTRA_COLUMNS and columns != num_classes + EXTRA_COLUMNS[name] and len(values):
        raise ArrayError(
            f"signal {name!r} must have {num_classes + EXTRA_COLUMNS[name]} columns for "
            f"{num_classes} classes, got shape {tuple(values.shape[1:])} per item."
        )
    dimensions = DIMENSIONS.get(name, values.ndim)
    if len(values) and (values.ndim != dimensions or 0 in values.shape[1:]):
        raise ArrayError(
            f"signal {name!r} must have {dimensions} dimensions, and at "
            f"least one number per item, got shape {tuple(values.shape)}."
        )
    if values.is_meta:
        raise ArrayError(f"signal {name!r} must hold numbers; on the meta device there are none.")
    row = first_bad_row(values)
    if row is not None:
        raise ArrayError(f"signal {name!r} must be finite; index {indices[row]} is not.")
    if name in COSINES and len(values) and values.abs().max() > 1.01:
        row = int((values.abs() > 1.01).any(dim=1).nonzero()[0])
        raise ArrayError(
            f"signal {name!r} must be cosines, in -1..1; index {indices[row]} has others. "
            f"Divide logits by their scale."
        )
    return values


def _look_like_probabilities(values: Tensor) -> bool:
    """Of many rows none is negative anywhere, and each adds up to 1; and they are not all alike."""
    if len(values) < MANY or not (_add_up(values[:2]) and _add_up(values)):
        return False
    inside = (values > 0) & (values < 1)  # not one-hot, which may be a toy's logits
    return bool(inside.any()) and bool((values != values[0]).any())


def _add_up(rows: Tensor) -> bool:
    return bool(rows.min() >= 0) and bool(((rows.float().sum(dim=-1) - 1).abs() < 2e-3).all())
