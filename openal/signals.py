"""Where the values of a signal come from: an array, a frozen learner, a learner to be trained."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.checks import as_tensor, first_bad_row
from openal.errors import ArgumentError, ArrayError, MissingSignalError, ModelError

__all__ = [
    "Computed",
    "Derived",
    "QuerySignals",
    "Source",
    "Stored",
    "Trainable",
    "frozen",
    "stored",
]

EXTRA_COLUMNS = {"logits": 0, "mc_logits": 0, "detector_logits": 1, "yes_cosines": 0}
EXTRA_COLUMNS["no_cosines"] = 0


class Stored:
    """A signal that is there: an array, a tensor, a memory map, or anything indexed like one."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def take(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> Tensor:
        """The rows [n, ...] of the signal at `indices`."""
        if isinstance(self.values, Tensor):
            return self.values[torch.from_numpy(indices).to(self.values.device)].detach()
        return as_tensor(self.values[indices], name)

    @property
    def unreadable(self) -> Any:
        """Indices without a value, which no query may hold."""
        return getattr(self.values, "unreadable", ())


def stored(name: str, values: Any) -> Stored:
    """The signal `name` of what a user gave as an array, or the reason why not."""
    if isinstance(values, type) or not hasattr(values, "__array__") or np.ndim(values) == 0:
        raise ArgumentError(f"{name} must be an array or a learner, got {type(values).__name__}.")
    if isinstance(values, Tensor):
        real = not (values.is_sparse or values.is_complex() or values.dtype == torch.bool)
    else:
        lazy = hasattr(values, "__getitem__") and isinstance(getattr(values, "dtype", 0), np.dtype)
        values = values if lazy else np.asarray(values)
        real = values.dtype.kind in "fiu"
    if not real:
        raise ArrayError(f"{name} must hold real numbers in a dense array, got {values.dtype}.")
    return Stored(values)


class Computed:
    """Signals of a frozen learner, computed for the rows that are read, each row once."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner
        self.position = np.empty(0, np.int64)  # of each item in `values`; -1: not computed
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
        if not set(names) <= set(self.values):
            self.position, self.values = np.full(len(pool), -1), {}
        missing = np.unique(indices[self.position[indices] < 0])
        if len(missing) or name not in self.values:
            self._compute(pool, missing, names, progress)
        values = self.values[name]
        return values[torch.from_numpy(self.position[indices]).to(values.device)]

    def _compute(
        self, pool: Any, missing: np.ndarray, names: tuple[str, ...], progress: bool | None
    ) -> None:
        new = self.learner.signals(pool, missing, names, progress=progress)
        for name in names:
            if len(new.get(name, ())) != len(missing) or name not in new:
                raise ModelError(
                    f"{self.learner!r} must give {name!r} for {len(missing)} items, "
                    f"gave {len(new[name]) if name in new else 'none'}."
                )
        old = self.values or {name: new[name][:0] for name in names}
        done = len(next(iter(old.values())))
        self.values = {name: torch.cat([old[name], new[name]]) for name in names}
        self.position[missing] = np.arange(done, done + len(missing))


class Derived:
    """Signals that a learner works out of others at little cost: block by block, never kept."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner

    def take(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> Tensor:
        """The rows [n, ...] of the signal at `indices`."""
        values: Tensor = self.learner.signals(pool, indices, (name,))[name]
        return values


class Trainable:
    """Signals of a learner that is trained on the answers, once per query."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner


Source = Stored | Computed | Derived | Trainable


def frozen(learner: Any) -> Computed | Derived:
    """The signals of a learner that needs no training; `derived = True` asks for no memory."""
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
        self._fitted: dict[int, Computed | Derived] = {}

    def take(self, name: str, indices: np.ndarray) -> Tensor:
        """The rows [n, ...] of signal `name` at `indices`; refuses NaN and a wrong width."""
        if name not in self._sources:
            raise MissingSignalError(
                f"{name!r} was read without being declared; declared are {sorted(self._sources)}."
            )
        source = self._sources[name]
        names = tuple(key for key, each in self._sources.items() if each is source)
        if isinstance(source, Trainable):
            source, names = self._trained(source)
        values = source.take(self._pool, name, indices, names=names, progress=self._progress)
        return _usable(name, values, indices, self._labeled.num_classes)

    def _trained(self, source: Trainable) -> tuple[Computed | Derived, tuple[str, ...]]:
        learner = source.learner
        names = tuple(
            key
            for key, each in self._sources.items()
            if isinstance(each, Trainable) and each.learner is learner
        )
        if id(learner) not in self._fitted:
            fitted = learner.fit(
                self._pool, self._labeled, seed=self._seed, progress=self._progress
            )
            self._fitted[id(learner)] = frozen(fitted)
        return self._fitted[id(learner)], names


def _usable(name: str, values: Tensor, indices: np.ndarray, num_classes: int) -> Tensor:
    columns = values.shape[-1] if values.ndim > 1 else 0
    if name in EXTRA_COLUMNS and columns != num_classes + EXTRA_COLUMNS[name] and len(values):
        raise ArrayError(
            f"signal {name!r} must have {num_classes + EXTRA_COLUMNS[name]} columns for "
            f"{num_classes} classes, got shape {tuple(values.shape[1:])} per item."
        )
    row = first_bad_row(values) if values.is_floating_point() else None
    if row is not None:
        raise ArrayError(f"signal {name!r} must be finite; index {indices[row]} is not.")
    return values
