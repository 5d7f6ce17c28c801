"""The shards of a store: their settings, which of them are finished, and the files they are in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from openal.errors import StoreError
from openal.store._files import listing_name, plain_size, shard_name, shard_size, stamps_name
from openal.store._identity import Identity
from openal.store._listing import Listed
from openal.store._stamps import STAMP, STAMPS_HEAD, read_stamps

__all__ = ["Manifest", "Shard"]


@dataclass(frozen=True)
class Shard:
    """A finished shard.

    `sha256` is the checksum of its file; None where there is no file, since none of its items could
    be read. `unreadable` says why an item has no embedding, by index. `generation` counts how often
    its file was replaced. `rows` are as many as it had items when it was written; it may have more
    by now.
    """

    sha256: str | None
    unreadable: Mapping[int, str]
    generation: int = 0
    rows: int | None = None


@dataclass(frozen=True)
class Manifest:
    """The settings of a store, and its shards.

    `items` are what it is about and `fingerprint` what made the embeddings. `dtype` names their
    type; a shard has `shard_rows` rows, computed `batch_size` at a time. `columns` is D, None
    before the first embedding. In `shards` None stands for one that is not finished. `listed` is
    the file of the names, of a store of files.
    """

    items: Identity
    fingerprint: Mapping[str, str]
    dtype: str
    shard_rows: int
    batch_size: int
    columns: int | None
    shards: tuple[Shard | None, ...]
    listed: Listed | None = None

    def indices(self, at: int) -> range:
        """The items of a shard."""
        first = at * self.shard_rows
        return range(first, min(first + self.shard_rows, self.items.count))

    @property
    def rows_done(self) -> int:
        """The rows of all finished shards."""
        return sum(self.held(at) for at in range(len(self.shards)))

    def held(self, at: int) -> int:
        """How many rows of a shard are there: all, none, or those before it became longer."""
        shard, full = self.shards[at], len(self.indices(at))
        return 0 if shard is None else full if shard.rows is None else shard.rows

    @property
    def reasons(self) -> dict[int, str]:
        """Why an item has no embedding, by index."""
        shards = (shard.unreadable for shard in self.shards if shard is not None)
        return {index: why for unreadable in shards for index, why in unreadable.items()}

    def missing(self, part: tuple[int, int] = (0, 1)) -> list[int]:
        """The shards of a part that are not finished."""
        first, parts = part
        some = range(first, len(self.shards), parts)
        return [at for at in some if self.held(at) < len(self.indices(at))]

    def require(self, columns: int | None) -> None:
        """Refuse embeddings of another length."""
        if columns is not None and self.columns not in (None, columns):
            raise StoreError(
                f"encode gives {columns} columns and gave {self.columns} before; a store holds "
                f"the embeddings of one encoder."
            )

    def with_shard(self, at: int, shard: Shard | None, columns: int | None = None) -> "Manifest":
        """The manifest with one shard finished, or lost."""
        shards = (*self.shards[:at], shard, *self.shards[at + 1 :])
        return replace(self, shards=shards, columns=columns or self.columns)

    def grown(self, items: Identity) -> "Manifest":
        """The manifest with more items at the end, or as many."""
        whole = replace(self, items=items)
        shards = [
            shard and replace(shard, rows=_short(self.held(at), len(whole.indices(at))))
            for at, shard in enumerate(self.shards)
        ]
        more = math.ceil(items.count / self.shard_rows) - len(shards)
        return replace(whole, shards=(*shards, *(None,) * more))

    def without_lost(self, folder: Path) -> "Manifest":
        """The manifest without the shards whose file is not there in its full size."""
        kept = self
        for at in self.lost(folder):
            kept = kept.with_shard(at, None)
        return kept

    def lost(self, folder: Path) -> dict[int, str]:
        """The first file of each shard that is not there in its full size, by shard."""
        return {
            at: name
            for at in reversed(range(len(self.shards)))
            for name, size in [*self._files_of(at).items()][::-1]
            if plain_size(folder / name) != size
        }

    def files(self) -> set[str]:
        """The names of all files that belong to the store now."""
        names = {name for at in range(len(self.shards)) for name in self._files_of(at)}
        return names if self.listed is None else {*names, listing_name(self.listed.generation)}

    def _files_of(self, at: int) -> dict[str, int]:
        """The files of a shard, and how many bytes each has."""
        shard, files = self.shards[at], dict[str, int]()
        if shard is not None and shard.sha256 is not None:
            size = shard_size(self.dtype, self.held(at), self.columns or 0)
            files[shard_name(at, shard.generation)] = size
        if shard is not None and self.listed is not None:
            size = STAMPS_HEAD + self.held(at) * STAMP.itemsize
            files[stamps_name(at, shard.generation)] = size
        return files

    def stamps(self, folder: Path) -> np.ndarray:
        """The stamps [N] of all items; zeros where there are none yet."""
        stamps = np.zeros(self.items.count, STAMP)
        for at, shard in enumerate(self.shards):
            if shard is not None and self.listed is not None:
                held, first = self.held(at), self.indices(at).start
                path = folder / stamps_name(at, shard.generation)
                stamps[first : first + held] = read_stamps(path, held)
        return stamps


def _short(held: int, full: int) -> int | None:
    """How many rows a shard has, or None where it has all."""
    return None if held == full else held
