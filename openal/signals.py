"""Where the values of a signal come from: an array, a frozen learner, a learner to be trained."""

import warnings
from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from openal.checks import as_tensor, first_bad_row, require_dense
from openal.errors import ArgumentError, ArrayError, MissingSignalError, ModelError

__all__ = [
    "Computed",
    "Derived",
    "Kept",
    "QuerySignals",
    "Source",
    "Stored",
    "Trainable",
    "frozen",
    "stored",
]

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


class Stored:
    """A signal that is there: an array, a tensor, a memory map, or anything indexed like one."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def take(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> Tensor:
        """The rows [n, ...] of the signal at `indices`."""
        if isinstance(self.values, Tensor):
            at = torch.from_numpy(indices).to(self.values.device)
            return as_tensor(self.values[at], name)
        return as_tensor(self.values[indices], name)

    def unreadable(self, pool: Any, progress: bool | None) -> Any:
        """Indices without a value, which no query may hold."""
        return getattr(self.values, "unreadable", ())


def stored(name: str, values: Any) -> Stored:
    """The signal `name` of what a user gave as an array, or the reason why not."""
    if isinstance(values, type) or not hasattr(values, "__array__") or np.ndim(values) == 0:
        raise ArgumentError(f"{name} must be an array or a learner, got {type(values).__name__}.")
    if isinstance(values, Tensor):
        real = not (values.is_sparse or values.is_complex() or values.dtype == torch.bool)
        if real:
            require_dense(values, name)
    else:
        if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
            raise ArrayError(f"{name} must have a value for every item; some are masked.")
        lazy = hasattr(values, "__getitem__") and isinstance(getattr(values, "dtype", 0), np.dtype)
        by_label = hasattr(values, "iloc")  # a pandas Series: its labels are no positions
        values = values if lazy and not by_label else np.asarray(values)
        real = values.dtype.kind in "fiu"
    if not real:
        raise ArrayError(f"{name} must hold real numbers in a dense array, got {values.dtype}.")
    return Stored(values)


class Computed:
    """Signals of a frozen learner, computed for the rows that are read, each row once."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner
        self.positions: dict[str, np.ndarray] = {}  # of each item in its values; -1: not computed
        self.values: dict[str, Tensor] = {}

    def __getstate__(self) -> dict[str, Any]:
        return vars(Computed(self.learner))

    def take(
        self,
        pool: Any,
        name: str,
        indices: np.ndarray,
        *,
        names: tuple[str, ...],
        progress: bool | None = None,
    ) -> Tensor:
        """The rows [n, ...] of the signal; the same pass computes the others in `names`."""
        self.compute(pool, name, indices, names=names, progress=progress)
        values = self.values[name]
        return values[torch.from_numpy(self.positions[name][indices]).to(values.device)]

    def compute(
        self,
        pool: Any,
        name: str,
        indices: np.ndarray,
        *,
        names: tuple[str, ...],
        progress: bool | None = None,
    ) -> None:
        """Make sure of the rows at `indices`, in one pass over those that are missing."""
        missing = self._missing(name, indices, len(pool))
        if len(missing) or name not in self.values:
            new = self.learner.signals(pool, missing, names, progress=progress)
            for each in names:
                self._add(each, self._missing(each, missing, len(pool)), missing, new)

    def _missing(self, name: str, indices: np.ndarray, size: int) -> np.ndarray:
        position = self.positions.setdefault(name, np.full(size, -1))
        return np.unique(indices[position[indices] < 0])

    def _add(
        self, name: str, missing: np.ndarray, computed: np.ndarray, new: dict[str, Tensor]
    ) -> None:
        if name not in new or len(new[name]) != len(computed):
            found = f"{len(new[name])} rows" if name in new else "none"
            raise ModelError(
                f"{self.learner!r} must give {name!r} for {len(computed)} items, gave {found}."
            )
        rows = new[name][torch.from_numpy(np.searchsorted(computed, missing)).to(new[name].device)]
        done = int(self.positions[name].max(initial=-1)) + 1
        self.values[name] = _room(self.values.get(name, rows), done + len(rows), done)
        self.values[name][done : done + len(rows)] = rows
        self.positions[name][missing] = np.arange(done, done + len(missing))


def _room(values: Tensor, size: int, done: int) -> Tensor:
    """The first `done` rows of `values`, and room for `size`; it doubles, so adding is cheap."""
    if len(values) >= size:
        return values
    larger = values.new_empty((max(size, 2 * len(values)), *values.shape[1:]))
    larger[:done] = values[:done]
    return larger


class Derived:
    """Signals that a learner works out of others at little cost: block by block, never kept."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner

    def take(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> Tensor:
        """The rows [n, ...] of the signal at `indices`."""
        values: Tensor = self.learner.signals(pool, indices, (name,))[name]
        return values


class Kept:
    """A signal that a frozen learner keeps in a store of its own, filled when it is first read."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner

    def take(
        self,
        pool: Any,
        name: str,
        indices: np.ndarray,
        *,
        progress: bool | None = None,
        **_: Any,
    ) -> Tensor:
        """The rows [n, ...] of the signal at `indices`."""
        return self._store(pool, progress).take(pool, name, indices)

    def unreadable(self, pool: Any, progress: bool | None) -> Any:
        """Indices without a value, which no query may hold."""
        return self._store(pool, progress).unreadable(pool, progress)

    def _store(self, pool: Any, progress: bool | None) -> Stored:
        if not hasattr(self, "_stored"):
            self._stored = Stored(self.learner.stored(pool, progress=progress))
        return self._stored

    def __getstate__(self) -> dict[str, Any]:
        return {"learner": self.learner}


class Trainable:
    """Signals of a learner that is trained on the answers, once per query."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner


Source = Stored | Computed | Derived | Kept | Trainable

KEPT: WeakKeyDictionary[Source, dict[str, dict[Hashable, Any]]] = WeakKeyDictionary()
"""What was found out about the signals of a source: gone with it, not copied, not pickled."""


def frozen(learner: Any) -> Computed | Derived | Kept:
    """The signals of a learner that needs no training.

    With a `store` and a method `stored(pool, progress=...)` they are the array that it returns;
    with `derived = True` they are computed wherever they are read, and never kept.
    """
    if getattr(learner, "store", None) is not None and hasattr(learner, "stored"):
        return Kept(learner)
    return Derived(learner) if getattr(learner, "derived", False) else Computed(learner)


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
