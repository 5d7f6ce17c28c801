"""Keys: a name for each item, such as its file or its id, which stands beside its index."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, final, overload

import numpy as np
from torch import Tensor

from openal._checks import as_list
from openal.errors import ArgumentError

__all__ = ["Keys"]


@final
class Keys(Sequence[str]):
    """One unique string per item, in the order of the indices; shared by reference, never changed.

    >>> keys = Keys.of(["a.jpg", "b.jpg"], 2)
    >>> keys[1], keys.index_of("a.jpg"), keys.index_of("c.jpg")
    ('b.jpg', 0, None)
    """

    __slots__ = ("_names", "_places")

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._places = dict(zip(names, range(len(names)), strict=True))

    @classmethod
    def of(cls, keys: Any, size: int | None = None) -> "Keys":
        """The keys of `size` items; an ArgumentError names the first that cannot be one."""
        if isinstance(keys, cls):
            made = keys
        else:
            made = cls(_strings(keys))
            _require_distinct(made._names, made._places)
        if size is not None and len(made) != size:
            raise ArgumentError(f"keys must be one per item, {size} here, got {len(made)}.")
        return made

    def index_of(self, key: str) -> int | None:
        """The index of the item with this key, or None."""
        return self._places.get(key)

    def at(self, indices: Iterable[int] | np.ndarray) -> tuple[str, ...]:
        """The keys of some items, in their order."""
        where = indices.tolist() if isinstance(indices, np.ndarray) else indices
        return tuple([self._names[index] for index in where])

    def difference(self, other: "Keys", mine: str, theirs: str) -> str | None:
        """A sentence about the first item whose key is another in `other`; None where none is."""
        if self is other or self._names == other._names:
            return None
        if len(self) != len(other):
            return f"{mine} has {len(self)} keys, {theirs} has {len(other)}"
        pairs = zip(self._names, other._names, strict=True)
        at = next(at for at, (one, two) in enumerate(pairs) if one != two)
        return f"item {at} is {self[at]!a:.80} in {mine} and {other[at]!a:.80} in {theirs}"

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._names[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and self._names == other._names

    def __hash__(self) -> int:
        return hash(self._names)

    def __repr__(self) -> str:
        more = ", ..." if len(self) > 3 else ""
        return f"Keys({', '.join(map(repr, self._names[:3]))}{more}; {len(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Keys, (self._names,)


def _strings(keys: Any) -> tuple[str, ...]:
    unordered = isinstance(keys, str | bytes | set | frozenset | Mapping | Tensor)
    if unordered or not isinstance(keys, Iterable):
        raise ArgumentError(f"keys must be a list of strings, one per item, got {keys!r:.60}.")
    of_arrow = getattr(keys, "to_pylist", None)  # a column of Parquet: its elements are no strings
    names = tuple(as_list(keys, "keys") if of_arrow is None else of_arrow())
    return names if {*map(type, names)} <= {str} else _as_strings(names)


def _as_strings(names: tuple[Any, ...]) -> tuple[str, ...]:
    for at, name in enumerate(names):
        if not isinstance(name, str):
            raise ArgumentError(f"keys[{at}] is {name!r:.60}; a string was expected.")
    return tuple(map(str, names))


def _require_distinct(names: tuple[str, ...], places: dict[str, int]) -> None:
    """Refuse keys of which two are the same, and what would end a key in a list of them."""
    if len(places) < len(names):
        first: dict[str, int] = {}
        at = next(at for at, name in enumerate(names) if first.setdefault(name, at) != at)
        there = first[names[at]]
        raise ArgumentError(f"keys[{at}] is {names[at]!r:.60}, which is there already, at {there}.")
    if "" in places or "\0" in "".join(names):
        at = next(at for at, name in enumerate(names) if not name or "\0" in name)
        raise ArgumentError(f"keys[{at}] is {names[at]!r:.60}; a name without NUL was expected.")
