"""A query's signals for other processes: what each can open itself, and what is sent once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from types import SimpleNamespace
from typing import Any, final
from weakref import WeakKeyDictionary

import numpy as np
from torch import Tensor

from openal._signals import QuerySignals
from openal._sources import Derived, Kept, Source, Stored
from openal.integrations.ray._arrays import FileArray, PartedArray, rows_per_part
from openal.integrations.ray._cluster import session_of
from openal.pool import Pool

__all__ = ["Carried", "Elsewhere", "carried", "carried_sources"]

LARGEST = 2**20
"""Bytes of a pickle above which an object holds its numbers, and is no reference to them."""

SENT: WeakKeyDictionary[Source, dict[Any, tuple[bytes, Any]]] = WeakKeyDictionary()
"""The checksum and the reference of each part of an array in the object store."""


@final
@dataclass(frozen=True, eq=False)
class Elsewhere:
    """The signals of a query as another process has them.

    `sources` are those that are read by name, and `beneath` those that they are worked out of.
    """

    sources: dict[str, Source]
    beneath: dict[str, Source]
    num_classes: int

    def opened(self) -> "Elsewhere":
        """With the arrays of files mapped here."""
        return self._with(lambda name, v: v.opened() if isinstance(v, FileArray) else v)

    def signals(self, parts: dict[tuple[str, int], np.ndarray]) -> QuerySignals:
        """What checks and takes rows, of which the parts of arrays are here that are given."""

        def filled(name: str, values: Any) -> Any:
            if not isinstance(values, PartedArray):
                return values
            return replace(values, parts={at: v for (of, at), v in parts.items() if of == name})

        here = self._with(filled)
        arrays: dict[str, Any] = {**here.beneath, **here.sources}
        pool = Pool(None, **arrays) if arrays else None
        about = SimpleNamespace(num_classes=self.num_classes)
        return QuerySignals(pool, here.sources, about, seed=0, progress=False)

    def _with(self, change: Callable[[str, Any], Any]) -> "Elsewhere":
        def changed(sources: dict[str, Source]) -> dict[str, Source]:
            arrays = {k: s.values for k, s in sources.items() if isinstance(s, Stored)}
            return {**sources, **{k: Stored(change(k, v)) for k, v in arrays.items()}}

        return Elsewhere(changed(self.sources), changed(self.beneath), self.num_classes)


@final
@dataclass(frozen=True, eq=False)
class Carried:
    """Some signals of a query for other processes, and how their parts are sent."""

    elsewhere: Elsewhere
    in_memory: dict[str, "_Memory"]

    def parts(self, ray: Any, indices: np.ndarray) -> dict[tuple[str, int], Any]:
        """References to the parts of arrays that rows at `indices` are read from."""
        return {
            (name, int(number)): memory.sent(ray, int(number))
            for name, memory in self.in_memory.items()
            for number in np.unique(indices // memory.part_rows)
        }


def carried(signals: Any, names: tuple[str, ...]) -> Carried:
    """Those of the signals that other processes can have; the rest is cut here, block by block."""
    if not isinstance(signals, QuerySignals):
        return Carried(Elsewhere({}, {}, 0), {})
    sources = {name: signals._source(name)[0] for name in names}
    return carried_sources(signals._pool, sources, signals._num_classes)


def carried_sources(pool: Any, sources: dict[str, Any], num_classes: int) -> Carried:
    """The same of some sources of a pool."""
    elsewhere = Elsewhere({}, {}, num_classes)
    in_memory: dict[str, _Memory] = {}
    for name, source in sources.items():
        found = _gathered(pool, name, source)
        if found is not None:
            there, memories = found
            elsewhere.sources[name] = there.pop(name)
            elsewhere.beneath.update(there)
            in_memory.update(memories)
    return Carried(elsewhere, in_memory)


Found = tuple[dict[str, Source], dict[str, "_Memory"]]


def _gathered(pool: Any, name: str, source: Source) -> Found | None:
    """What a signal is read from, for other processes; None where they cannot have it."""
    source = source._store(pool, False) if isinstance(source, Kept) else source
    if not isinstance(source, Derived):
        return _array(name, source)
    sources: dict[str, Source] = {name: source}
    memories: dict[str, _Memory] = {}
    for read in source.learner.reads:
        below = pool._sources.get(read)
        found = None if below is None else _gathered(pool, read, below)
        if found is None:
            return None
        sources.update(found[0])
        memories.update(found[1])
    return sources, memories


def _array(name: str, source: Source) -> Found | None:
    """An array that is on a disk, or in this process; None for what a learner computed here."""
    if not isinstance(source, Stored):
        return None
    if (reference := _reference(source.values)) is not None:
        return {name: Stored(reference)}, {}
    memory = _Memory.of(source, name, source.values)
    return None if memory is None else ({name: Stored(memory.empty)}, {name: memory})


def _reference(values: Any) -> Any:
    """What finds an array that is on a disk; None for one in memory, and one that cannot pickle."""
    if isinstance(values, np.ndarray):
        return FileArray.of(values)
    return None if isinstance(values, Tensor) or not _is_small(values) else values


def _is_small(values: Any) -> bool:
    try:
        return len(import_module("ray.cloudpickle").dumps(values)) < LARGEST
    except Exception:  # whatever a file that is open here says of being sent
        return False


@final
@dataclass(frozen=True, eq=False)
class _Memory:
    """An array in the memory of this process."""

    source: Source
    name: str
    values: np.ndarray
    part_rows: int

    @classmethod
    def of(cls, source: Source, name: str, values: Any) -> "_Memory | None":
        """None for what NumPy cannot hold, or is on a GPU."""
        try:
            array = values.detach().numpy() if isinstance(values, Tensor) else values
        except (TypeError, RuntimeError):
            return None
        if not isinstance(array, np.ndarray):
            return None
        return cls(source, name, array, rows_per_part(array))

    @property
    def empty(self) -> PartedArray:
        """The array for another process, before any of its parts."""
        return PartedArray(self.values.shape, self.values.dtype, self.part_rows)

    def sent(self, ray: Any, number: int) -> Any:
        """The reference of a part, sent again only where its numbers are other ones."""
        from xxhash import xxh3_128_digest

        rows = slice(number * self.part_rows, (number + 1) * self.part_rows)
        part = np.ascontiguousarray(self.values[rows])
        digest = xxh3_128_digest(part.view(np.uint8).data) if part.size else b""
        kept = SENT.setdefault(self.source, {})
        key = (session_of(ray), self.name, number)
        if key not in kept or kept[key][0] != digest:
            kept[key] = digest, ray.put(part)
        return kept[key][1]
