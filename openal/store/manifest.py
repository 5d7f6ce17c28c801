"""What a store is and how far it has come: one JSON file, replaced whole after each shard."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from openal.errors import StoreError
from openal.store.files import plain_size
from openal.store.identity import Identity
from openal.store.shards import shard_name, shard_size

__all__ = ["Manifest", "Shard"]


@dataclass(frozen=True)
class Shard:
    """A finished shard; without a checksum there is no file: none of its items could be read."""

    sha256: str | None
    unreadable: Mapping[int, str]
    """Why an item has no embedding, by index."""


@dataclass(frozen=True)
class Manifest:
    """The settings of a store, and its shards; None stands for one that is not finished."""

    items: Identity
    fingerprint: Mapping[str, str]
    dtype: str
    shard_rows: int
    batch_size: int
    columns: int | None  # not known before the first embedding
    shards: tuple[Shard | None, ...]

    def indices(self, at: int) -> range:
        """The items of a shard."""
        first = at * self.shard_rows
        return range(first, min(first + self.shard_rows, self.items.count))

    @property
    def rows_done(self) -> int:
        """The rows of all finished shards."""
        return self.items.count - sum(len(self.indices(at)) for at in self.missing())

    @property
    def reasons(self) -> dict[int, str]:
        """Why an item has no embedding, by index."""
        shards = (shard.unreadable for shard in self.shards if shard is not None)
        return {index: why for unreadable in shards for index, why in unreadable.items()}

    def missing(self, part: tuple[int, int] = (0, 1)) -> list[int]:
        """The shards of a part that are not finished."""
        first, parts = part
        return [at for at in range(first, len(self.shards), parts) if self.shards[at] is None]

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

    def without_lost(self, folder: Path) -> "Manifest":
        """The manifest without the shards whose file is not there in its full size."""
        found = self
        for at, shard in enumerate(self.shards):
            if shard is not None and shard.sha256 is not None:
                size = shard_size(self.dtype, len(self.indices(at)), self.columns or 0)
                if plain_size(folder / shard_name(at)) != size:
                    found = found.with_shard(at, None)
        return found
