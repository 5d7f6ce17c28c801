"""The items of a store by row: what they are called, under which key, and which are retired."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from openal.errors import StoreError
from openal.store._files import listing_name, write_file

__all__ = ["Listed", "Listing", "read_listing", "write_listing"]


@dataclass(frozen=True)
class Listed:
    """Which file holds the listing of a store: its number, and its SHA-256."""

    generation: int
    sha256: str


@dataclass(frozen=True)
class Listing:
    """The items of a store, by row.

    `names` say what a row is called now, or was when it was last there; `keys` are unique and never
    change: the name that a row had first. A row in `retired` is not there any more.
    """

    names: tuple[str, ...]
    keys: tuple[str, ...]
    retired: frozenset[int] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> "Listing":
        """Items that have had no other name."""
        tupled = tuple(names)
        return cls(tupled, tupled)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """The row of each name: that of an item that is there before that of a retired one."""
        gone = {self.names[row]: row for row in sorted(self.retired)}
        there = {name: row for row, name in enumerate(self.names) if row not in self.retired}
        return gone | there

    def after(
        self, names: Mapping[int, str], new: Sequence[str], retired: Iterable[int]
    ) -> "Listing":
        """With other names of some rows, and new items at the end."""
        renamed = list(self.names)
        for row, name in names.items():
            renamed[row] = name
        keys, taken = list(self.keys), {*self.keys}
        for name in new:
            keys.append(_free(name, len(keys), taken))
            taken.add(keys[-1])
        return Listing((*renamed, *new), tuple(keys), frozenset(retired))


def _free(name: str, row: int, taken: set[str]) -> str:
    """The name as a key, or the name and the row where another row had it first."""
    key = name
    while key in taken:
        key = f"{key} ({row})"
    return key


def write_listing(folder: Path, generation: int, listing: Listing) -> Listed:
    """Write a listing into a file of its own, which a manifest may name from then on."""
    pairs = enumerate(zip(listing.keys, listing.names, strict=True))
    value = {
        "names": listing.names,
        "keys": {row: key for row, (key, name) in pairs if key != name},
        "retired": sorted(listing.retired),
    }
    content = json.dumps(value, indent=0).encode() + b"\n"
    write_file(folder / listing_name(generation), content)
    return Listed(generation, hashlib.sha256(content).hexdigest())


def read_listing(folder: Path, listed: Listed, count: int) -> Listing:
    """The listing that a manifest of `count` rows names; a StoreError where it is another."""
    path = folder / listing_name(listed.generation)
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != listed.sha256:
            raise ValueError("it is not what was written")
        return _listing(json.loads(content), count)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreError(
            f"{path} does not hold the names of the items ({error!s:.200}); bring it back from a "
            f"copy, or delete the folder to begin anew."
        ) from error


def _listing(value: Any, count: int) -> Listing:
    names, other = value["names"], {int(row): key for row, key in value["keys"].items()}
    if len(names) != count or not all(type(name) is str for name in (*names, *other.values())):
        raise ValueError(f"names must be {count} strings")
    keys = list(names)
    for row, key in other.items():
        keys[row] = key
    retired = frozenset(value["retired"])
    if len({*keys}) != count or not all(type(row) is int and 0 <= row < count for row in retired):
        raise ValueError("keys must be unique, and retired rows must be there")
    return Listing(tuple(names), tuple(keys), retired)
