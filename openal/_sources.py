"""Where the values of a signal come from: an array, a frozen learner, a learner to be trained."""

from collections.abc import Hashable
from functools import partial
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from openal._checksums import checksums_in_blocks
from openal._learner_state import LearnerState, state_of
from openal._stored import Stored, stored
from openal.errors import ModelError

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

PASSES = count(1)
"""Numbers the passes of all frozen learners: rows of one pass hold what they held then."""


class _Rows:
    """What a frozen learner computed so far, and of what."""

    def __init__(self) -> None:
        self.values: dict[str, Tensor] = {}
        self.positions: dict[str, np.ndarray] = {}  # of each item in its values; -1: not computed
        self.passes: dict[str, np.ndarray] = {}  # the number of the pass that computed each item
        self.read: dict[str, np.ndarray] = {}  # of each signal, the checksums of what was read
        self.state: LearnerState | None = None  # of the learner; None: of more than one, or unknown

    def missing(self, name: str, indices: np.ndarray, size: int) -> np.ndarray:
        """Those of the items that are not computed, ascending."""
        position = self.positions.setdefault(name, np.full(size, -1))
        return np.unique(indices[position[indices] < 0])

    def add(self, name: str, missing: np.ndarray, rows: Tensor, size: int) -> None:
        """Note the rows of items that were missing."""
        done = int(self.positions[name].max(initial=-1)) + 1
        values = self.values[name] = _room(self.values.get(name, rows), done + len(rows), done)
        values[done : done + len(rows)] = rows
        self.positions[name][missing] = np.arange(done, done + len(missing))
        self.passes.setdefault(name, np.zeros(size, np.int64))[missing] = next(PASSES)

    def note_state(self, before: LearnerState | None, after: LearnerState | None) -> None:
        """Note by what was computed just now; unknown, where that changed since the first pass."""
        states = [before, after] + [self.state] * bool(self.values)
        weights = {None if state is None else state.weights for state in states}
        self.state = after if len(weights) == 1 else None

    def forget_changed(self, name: str, sums: np.ndarray, items: np.ndarray) -> None:
        """Forget the rows of those `items` whose checksums of a signal are others by now."""
        changed = items[(self.read[name][items] != sums).any(axis=1)]
        for position in self.positions.values():
            position[changed] = -1


class Computed:
    """Signals of a frozen learner, computed for the rows that are read, each row once.

    A row is computed again where what the learner read of it has changed, and all are where the
    learner has: the weights of a network of its, an array. Where it serves one query only, nothing
    is noted.
    """

    def __init__(self, learner: Any, *, lasting: bool = True) -> None:
        self.learner, self.lasting = learner, lasting
        self._rows = _Rows()  # replaced whole: threads share it

    @property
    def values(self) -> dict[str, Tensor]:
        """What was computed so far, by the name of the signal."""
        return self._rows.values

    def __getstate__(self) -> dict[str, Any]:
        return vars(Computed(self.learner, lasting=self.lasting))

    def begin(self, pool: Any, progress: bool | None) -> None:
        """What a query does first: what was computed of other values is forgotten."""
        rows = self._rows
        if not rows.values or not self.lasting:
            return
        if rows.state is None or state_of(self.learner) != rows.state:
            self._rows = _Rows()
            return
        items = np.flatnonzero(np.any([each >= 0 for each in rows.positions.values()], axis=0))
        for name in rows.read:
            rows.forget_changed(name, pool.checksums(name, items), items)

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
        rows = self.compute(pool, name, indices, names=names, progress=progress)
        values = rows.values[name]
        return values[torch.from_numpy(rows.positions[name][indices]).to(values.device)]

    def checksums(self, pool: Any, name: str, indices: np.ndarray, **options: Any) -> np.ndarray:
        """Two numbers for each row, int64 [n, 2], other ones once it is computed again."""
        rows = self.compute(pool, name, indices, **options)
        return np.repeat(rows.passes[name][indices][:, None], 2, axis=1)

    def compute(
        self,
        pool: Any,
        name: str,
        indices: np.ndarray,
        *,
        names: tuple[str, ...],
        progress: bool | None = None,
    ) -> _Rows:
        """Make sure of the rows at `indices`, in one pass over those that are missing."""
        rows, size = self._rows, len(pool)
        missing = rows.missing(name, indices, size)
        if len(missing) or name not in rows.values:
            before = state_of(self.learner) if self.lasting else None
            self._note_what_is_read(rows, pool, missing)
            new = self.learner.signals(pool, missing, names, progress=progress)
            if self.lasting:
                rows.note_state(before, state_of(self.learner))
            for each in names:
                also = rows.missing(each, missing, size)
                rows.add(each, also, self._given(each, also, missing, new), size)
        return rows

    def _note_what_is_read(self, rows: _Rows, pool: Any, missing: np.ndarray) -> None:
        """The checksums of what the learner is about to read, where it can be read cheaply."""
        for name in getattr(self.learner, "reads", ()) if self.lasting else ():
            sums = pool.checksums(name, missing)
            if sums is not None:
                whole = rows.read.setdefault(name, np.zeros((len(pool), 2), np.int64))
                whole[missing] = sums

    def _given(
        self, name: str, missing: np.ndarray, computed: np.ndarray, new: dict[str, Tensor]
    ) -> Tensor:
        if name not in new or len(new[name]) != len(computed):
            found = f"{len(new[name])} rows" if name in new else "none"
            raise ModelError(
                f"{self.learner!r} must give {name!r} for {len(computed)} items, gave {found}."
            )
        return new[name][torch.from_numpy(np.searchsorted(computed, missing)).to(new[name].device)]


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

    def begin(self, pool: Any, progress: bool | None) -> None:
        """What a query does first: nothing, since nothing is kept."""

    def checksums(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> np.ndarray:
        """The checksums of the rows at `indices`, int64 [n, 2], as they are at this moment."""
        return checksums_in_blocks(partial(self.take, pool, name), indices)


class Kept:
    """A signal that a frozen learner keeps in a store of its own, filled when it is first read."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner
        self._stored: Stored | None = None
        self._state: LearnerState | None = None  # of the learner, when the store was opened

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

    def begin(self, pool: Any, progress: bool | None) -> None:
        """What a query does first: a store that was written since it was opened is opened anew."""
        if self._stored is not None and state_of(self.learner) != self._state:
            self._stored = None

    def checksums(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> np.ndarray:
        """The checksums of the rows at `indices`, int64 [n, 2], as they are at this moment."""
        return self._store(pool, None).checksums(pool, name, indices)

    def _store(self, pool: Any, progress: bool | None) -> Stored:
        if (there := self._stored) is None:
            there = self._stored = Stored(self.learner.stored(pool, progress=progress))
            self._state = state_of(self.learner)  # filling the store writes it
        return there

    def __getstate__(self) -> dict[str, Any]:
        return vars(Kept(self.learner))


class Trainable:
    """Signals of a learner that is trained on the answers, once per query."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner


Source = Stored | Computed | Derived | Kept | Trainable


KEPT: WeakKeyDictionary[Source, dict[str, dict[Hashable, Any]]] = WeakKeyDictionary()
"""What was found out about the signals of a source: gone with it, not copied, not pickled."""


def frozen(learner: Any, *, lasting: bool = True) -> Computed | Derived | Kept:
    """The signals of a learner that needs no training; not `lasting`, they serve one query.

    With a `store` and a method `stored(pool, progress=...)` they are the array that it returns;
    with `derived = True` they are computed wherever they are read, and never kept.
    """
    if getattr(learner, "store", None) is not None and hasattr(learner, "stored"):
        return Kept(learner)
    if getattr(learner, "derived", False):
        return Derived(learner)
    return Computed(learner, lasting=lasting)
