"""The embeddings of a store, read where they are used; what to do when they cannot be."""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, final

import numpy as np

from openal._checks import as_integers
from openal.errors import StoreError
from openal.store._files import (
    DTYPES,
    MANIFEST,
    checksum,
    damaged,
    mapped,
    require_as_written,
    shard_name,
)
from openal.store._listing import Listing, read_listing
from openal.store._manifest import Manifest, read_manifest

__all__ = ["Embeddings", "opened", "unfinished"]


def opened(folder: Path, *, partial: bool) -> Manifest:
    """The manifest of a store whose files are there in full size."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise StoreError(f"{folder} holds no store of embeddings: there is no {MANIFEST}.")
    if manifest.missing() and not partial:
        raise unfinished(folder, manifest)
    if manifest.columns is None and not partial:
        why = next(iter(manifest.reasons.values()))
        raise StoreError(
            f"{folder} holds no embedding, since none of its items could be read ({why}); delete "
            f"it to try again."
        )
    for name in manifest.lost(folder).values():
        raise damaged(folder / name, "no plain file of its full size")
    return manifest


def unfinished(folder: Path, manifest: Manifest) -> StoreError:
    """The error that says how many rows are missing."""
    count = manifest.items.count
    return StoreError(
        f"{folder} is not finished: {count - manifest.rows_done} of {count} rows are missing; "
        f"fill it again with the same arguments, and it goes on where it stopped."
    )


OPEN = 32
"""How many shards are mapped at a time; each holds a file open, and a process may have few."""


@final
class Embeddings:
    """The array [N, D] of a finished store, memory-mapped and read-only.

    Indexed like an array, by an integer, a slice or an array of integers, it reads the rows that
    are asked for and no others. `unreadable` are the indices of items without an embedding; their
    rows are zeros. It may be pickled: another process opens the same files. Any number of threads
    and processes may read it at once, also while it is filled.

    A process reads each file of the store whole, the first time it reads a row of it, and refuses
    one that is not what was written. That is about as fast as SHA-256 is (0.5 to 2 GB/s); on a slow
    disk, from which few rows are wanted, it costs the reading of their files.

    Args:
        folder: where the store is.
        partial: whether a store that is still being filled is opened too, for the rows that it
            holds by then.
        verify: False reads the rows of a file without reading all of it.

    Raises:
        StoreError: there is no store, or it is not finished or damaged.
    """

    ndim = 2

    def __init__(self, folder: str | Path, *, partial: bool = False, verify: bool = True) -> None:
        self.folder, self.partial, self._verified = Path(folder).absolute(), partial, verify
        self._manifest = opened(self.folder, partial=partial)
        self._mapped: dict[int, np.ndarray] = {}  # never changed, only replaced: threads share it

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D)."""
        return self._manifest.items.count, self._manifest.columns or 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """float16 or float32."""
        return DTYPES[self._manifest.dtype]

    @property
    def missing(self) -> int:
        """How many rows are not there yet; only where `partial`."""
        return len(self) - self._manifest.rows_done

    @property
    def fingerprint(self) -> dict[str, str]:
        """What made the embeddings."""
        return dict(self._manifest.fingerprint)

    @property
    def reasons(self) -> dict[int, str]:
        """Why an item has no embedding, by index."""
        return self._manifest.reasons

    @property
    def unreadable(self) -> np.ndarray:
        """The indices [u] of the items without an embedding."""
        return np.array([*self.reasons], np.int64)

    @property
    def names(self) -> tuple[str, ...] | None:
        """What each item is called now, or was when it was last there; only of a store of images.

        An item that is there may have the name that a retired one had.
        """
        return None if self._listing is None else self._listing.names

    @property
    def keys(self) -> tuple[str, ...] | None:
        """A unique name for each item, which stays when it is renamed; only of a store of images.

        For `Pool(keys=...)` and `LabeledSet(keys=...)`.
        """
        return None if self._listing is None else self._listing.keys

    @property
    def retired(self) -> np.ndarray:
        """The indices [r] of the items that are not there any more; no query asks about them.

        They keep their rows and their answers, which are learned from.
        """
        return np.array(sorted(() if self._listing is None else self._listing.retired), np.int64)

    @cached_property
    def replaced(self) -> dict[int, int]:
        """When other bytes took the place of an item's, by index: nanoseconds since 1970."""
        times = self._manifest.stamps(self.folder)["replaced"]
        return {int(row): int(times[row]) for row in np.flatnonzero(times)}

    @cached_property
    def _listing(self) -> Listing | None:
        listed = self._manifest.listed
        return None if listed is None else read_listing(self.folder, listed, len(self))

    def verify(self) -> None:
        """Read all files, and raise a StoreError for the first that has changed."""
        for at, shard in enumerate(self._manifest.shards):
            path = self.folder / shard_name(at, 0 if shard is None else shard.generation)
            if shard is not None and shard.sha256 is not None and checksum(path) != shard.sha256:
                raise damaged(path, "not what was written")
        self._manifest.stamps(self.folder)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Embeddings({str(self.folder)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self.folder, self.partial, self._verified)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("embeddings on disk cannot become an array without a copy.")
        return self[:].astype(dtype or self.dtype, copy=False)

    def __getitem__(self, index: Any) -> np.ndarray:
        if isinstance(index, slice):
            return self._rows(np.arange(*index.indices(len(self))))
        if np.ndim(index) == 0:
            return self._rows(as_integers([index], "index")).reshape(-1)
        return self._rows(as_integers(index, "index"))

    def _rows(self, indices: np.ndarray) -> np.ndarray:
        """A copy of the rows at `indices`."""
        if len(indices) and not (-len(self) <= indices.min() and indices.max() < len(self)):
            raise IndexError(f"indices run from 0 to {len(self) - 1}.")
        result: np.ndarray = np.zeros((len(indices), self.shape[1]), self.dtype)
        shards, rows = np.divmod(indices % len(self), self._manifest.shard_rows)
        for at, positions in _groups(shards):
            values = self._shard(at)
            if rows[positions].max() >= self._manifest.held(at):
                raise unfinished(self.folder, self._manifest)
            if values is not None:
                result[positions] = values[rows[positions]]
        return result

    def _shard(self, at: int) -> np.ndarray | None:
        """The rows of a shard; None when none of its items could be read."""
        shard, columns = self._manifest.shards[at], self._manifest.columns
        if shard is None:
            raise unfinished(self.folder, self._manifest)
        if shard.sha256 is None or columns is None:
            return None
        if at not in (open_shards := self._mapped):
            path = self.folder / shard_name(at, shard.generation)
            values = mapped(path, self._manifest.dtype, self._manifest.held(at), columns)
            if self._verified:
                require_as_written(path, shard.sha256)
            latest = [*open_shards.items(), (at, values)][-OPEN:]
            self._mapped = open_shards = dict(latest)
        return open_shards[at]


def _groups(shards: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each shard, with the positions at which it stands."""
    order = np.argsort(shards, kind="stable")
    starts = np.flatnonzero(np.diff(shards[order], prepend=-1))
    for start, stop in pairwise([*starts, len(order)]):
        yield int(shards[order[start]]), order[start:stop]


def _reopened(folder: Path, partial: bool, verify: bool) -> Embeddings:
    return Embeddings(folder, partial=partial, verify=verify)
