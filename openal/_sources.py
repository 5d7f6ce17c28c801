"""Where the values of a signal come from: an array, a frozen learner, a learner to be trained."""

from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_tensor, require_dense
from openal.errors import ArgumentError, ArrayError, ModelError

__all__ = [
    "KEPT",
    "Computed",
    "Derived",
    "Kept",
    "Source",
    "Stored",
    "Trainable",
    "frozen",
    "stored",
]


class Stored:
    """A signal that is there: an array, a tensor, a memory map, or anything indexed like one."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __len__(self) -> int:
        shape = getattr(self.values, "shape", None)  # a Zarr array has no length
        return int(shape[0]) if shape else len(self.values)

    def take(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> Tensor:
        """The rows [n, ...] of the signal at `indices`."""
        if isinstance(self.values, Tensor):
            at = torch.from_numpy(indices).to(self.values.device)
            return as_tensor(self.values[at], name)
        if isinstance(self.values, np.ndarray):
            return as_tensor(self.values[indices], name)
        return as_tensor(_lazy_rows(self.values, indices), name)

    def unreadable(self, pool: Any, progress: bool | None) -> Any:
        """Indices without a value, which no query may hold."""
        return getattr(self.values, "unreadable", ())


def _lazy_rows(values: Any, indices: np.ndarray) -> Any:
    """The rows of an array on a disk, which may take ascending distinct indices only (HDF5).

    Where most of a range is wanted it is read as a range, which is far faster there.
    """
    ascending, places = np.unique(indices, return_inverse=True)
    first, count = int(ascending[0]) if len(ascending) else 0, len(ascending)
    span = int(ascending[-1]) + 1 - first if count else 0
    if span <= 2 * count:
        return np.asarray(values[first : first + span])[indices - first]
    by_rows = getattr(values, "oindex", values)  # Zarr's own name for it
    return np.asarray(by_rows[ascending])[places]


def _dimensions(values: Any) -> int:
    """How many dimensions there are, without reading what is on a disk."""
    shape = getattr(values, "shape", None)
    return np.ndim(values) if shape is None else len(shape)


def stored(name: str, values: Any) -> Stored:
    """The signal `name` of what a user gave as an array, or the reason why not."""
    if isinstance(values, Tensor) and values.is_nested:  # which has no shape to look at
        require_dense(values, name)
    if isinstance(values, type) or not hasattr(values, "__array__") or _dimensions(values) == 0:
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
