"""Which row of a store each file is: by name and bytes, else by its bytes, else by its name.

Where an item of a store is a name and the checksum of its bytes, a file of

1. the same name and the same bytes is the same item, also one that was retired;
2. other names and the bytes of an item that is not there any more is that item, renamed; of
   several, in the order of names, those that were there before those that were retired;
3. the same name and other bytes is that item, replaced;
4. neither is a new item.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from openal.store._listing import Listing
from openal.store._stamps import NO_SUM, STAMP, Hint, Stamp

__all__ = ["Match", "Rows", "matched"]

Read = Callable[[Iterable[str]], Mapping[str, Stamp]]
"""The stamps of files by name; without those that cannot be read."""


@dataclass(frozen=True)
class Rows:
    """The items of a store, and the stamps [N] of the files that they were made of."""

    listing: Listing
    stamps: np.ndarray

    @cached_property
    def sums(self) -> list[bytes]:
        """The checksum of each row; NO_SUM where it was never read."""
        content = np.ascontiguousarray(self.stamps["sum"]).tobytes()
        return [content[at : at + 16] for at in range(0, len(content), 16)]

    @cached_property
    def hints(self) -> list[tuple[int, ...]]:
        """The hint of each row."""
        found: list[tuple[int, ...]] = self.stamps[[*Hint._fields]].tolist()
        return found

    @classmethod
    def unread(cls, listing: Listing) -> "Rows":
        """Items of which nothing was read yet."""
        return cls(listing, np.zeros(len(listing.names), STAMP))


@dataclass(frozen=True)
class Match:
    """What became of the items of a store.

    `row_of` has the row of each file by name; new ones have rows at the end, in `listing`. `stamps`
    are those that were read, by name. Then names: `renamed` are old and new ones; `returned` were
    retired before, `unread` could not be read now and are taken for what they were. `replaced` have
    other bytes.
    """

    listing: Listing
    row_of: dict[str, int]
    stamps: Mapping[str, Stamp]
    new: tuple[str, ...]
    retired: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    returned: tuple[str, ...]
    replaced: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def is_change(self) -> bool:
        """Whether anything is another name, or is there or not there any more."""
        return bool(self.new or self.retired or self.renamed or self.returned)


def matched(rows: Rows, files: Mapping[str, Hint], read: Read, *, trust: bool = True) -> Match:
    """What became of each item of a store, and of each file, by name and hint, in their order.

    Without `trust` in hints all files are read of which the checksum is known.
    """
    matching = _Matching(rows, files, read, trust)
    matching.by_name()
    matching.by_content()
    replaced = matching.by_name_alone()
    return matching.told(replaced)


@final
class _Matching:
    """The files that have a row so far, and what was read for that."""

    def __init__(self, rows: Rows, files: Mapping[str, Hint], read: Read, trust: bool) -> None:
        self.rows, self.files, self.read, self.trust = rows, files, read, trust
        self.at = {name: row for name, row in rows.listing.row_of.items() if name in files}
        self.row_of: dict[str, int] = {}
        self.taken: set[int] = set()
        self.stamps: dict[str, Stamp] = {}
        self.unread: list[str] = []

    def by_name(self) -> None:
        """The files that are what they were; what cannot be read now is taken for that."""
        rows, hints = self.rows, self.rows.hints
        same = hints if self.trust else [()] * len(hints)
        changed = [name for name, row in self.at.items() if same[row] != self.files[name]]
        changed = [name for name in changed if rows.sums[self.at[name]] != NO_SUM]
        self.stamps |= self.read(changed)
        self.unread = [name for name in changed if name not in self.stamps]
        others = {
            name
            for name in changed
            if name in self.stamps and self.stamps[name].sum != rows.sums[self.at[name]]
        }
        for name in self.files:
            if name in self.at and name not in others:
                self._take(name, self.at[name])

    def by_content(self) -> None:
        """The files whose bytes are those of an item that has no file any more."""
        free, sizes = self._free(), {*self.rows.stamps["size"][self._untaken()].tolist()}
        wanted = [name for name in self.files if name not in self.row_of]
        unknown = [name for name in wanted if name not in self.stamps]
        self.stamps |= self.read(name for name in unknown if self.files[name].size in sizes)
        for name in wanted:
            stamp = self.stamps.get(name)
            if stamp is not None and free.get(stamp.sum):
                self._take(name, free[stamp.sum].popleft())

    def by_name_alone(self) -> list[str]:
        """The files that took the place of others of the same name."""
        free = {*self.at.values()} - self.rows.listing.retired - self.taken
        waiting = [name for name in self.files if name not in self.row_of]
        names = [name for name in waiting if self.at.get(name) in free]
        for name in names:
            self._take(name, self.at[name])
        return names

    def told(self, replaced: list[str]) -> Match:
        """All that there is to tell, with new items at the end."""
        before = self.rows.listing
        new = [name for name in self.files if name not in self.row_of]
        lost = [row for row in self._untaken() if row not in before.retired]
        moved = {row: name for name, row in self.row_of.items() if before.names[row] != name}
        back = [name for name, row in self.row_of.items() if row in before.retired]
        stayed = [row for row in moved if row not in before.retired]
        listing = before.after(moved, new, {*lost, *before.retired} - self.taken)
        rows_of_new = dict(zip(new, range(len(before.names), len(listing.names)), strict=True))
        return Match(
            listing=listing,
            row_of=self.row_of | rows_of_new,
            stamps=self.stamps,
            new=tuple(new),
            retired=tuple(before.names[row] for row in lost),
            renamed=tuple((before.names[row], moved[row]) for row in stayed),
            returned=tuple(back),
            replaced=tuple(replaced),
            unread=tuple(self.unread),
        )

    def _take(self, name: str, row: int) -> None:
        self.row_of[name] = row
        self.taken.add(row)

    def _untaken(self) -> list[int]:
        return [row for row in range(len(self.rows.listing.names)) if row not in self.taken]

    def _free(self) -> dict[bytes, deque[int]]:
        """The rows without a file by their bytes: those that were there before retired ones."""
        listing, free = self.rows.listing, defaultdict[bytes, deque[int]](deque)

        def order(row: int) -> tuple[bool, list[str], int]:
            return row in listing.retired, listing.names[row].split("/"), row

        for row in sorted(self._untaken(), key=order):
            if self.rows.sums[row] != NO_SUM:
                free[self.rows.sums[row]].append(row)
        return free
