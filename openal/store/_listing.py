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

__all__ = ["Listed", "Listing", "listing_of", "read_listing", "rows_by_name", "write_listing"]


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
        return rows_by_name(self.names, self.retired)

    @property
    def other_keys(self) -> dict[int, str]:
        """The keys of the rows that are called otherwise."""
        pairs = enumerate(zip(self.keys, self.names, strict=True))
        return {row: key for row, (key, name) in pairs if key != name}

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


def rows_by_name(names: Sequence[str], retired: frozenset[int]) -> dict[str, int]:
    """The row of each name; one that is there goes before one that is retired."""
    gone = {names[row]: row for row in sorted(retired)}
    return gone | {name: row for row, name in enumerate(names) if row not in retired}


def _free(name: str, row: int, taken: set[str]) -> str:
    """The name as a key, or the name and the row where another row had it first."""
    key = name
    while key in taken:
        key = f"{key} ({row})"
    return key


def write_listing(folder: Path, generation: int, listing: Listing) -> Listed:
    """Write a listing into a file of its own, which a manifest may name from then on."""
    value = {
        "names": listing.names,
        "keys": listing.other_keys,
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
        value = json.loads(content)
        listing = listing_of(value["names"], value["keys"], value["retired"])
        if len(listing.names) != count:
            raise ValueError(f"there must be {count} names")
        return listing
    except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise StoreError(
            f"{path} does not hold the names of the items ({error!s:.200}); bring it back from a "
            f"copy, or delete the folder to begin anew."
        ) from error


def listing_of(names: Sequence[Any], keys: Mapping[str, Any], retired: Iterable[Any]) -> Listing:
    """What a JSON file says of the items; a ValueError, or another, for what cannot be."""
    all_keys = list(names)
    for row, key in keys.items():
        all_keys[int(row)] = key
    if not all(type(name) is str for name in (*names, *all_keys)):
        raise ValueError("names must be strings")
    gone = frozenset(retired)
    if not all(type(row) is int and 0 <= row < len(names) for row in gone):
        raise ValueError("retired rows must be there")
    if len({*all_keys}) != len(all_keys):
        raise ValueError("keys must be unique")
    return Listing(tuple(names), tuple(all_keys), gone)
