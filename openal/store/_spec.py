"""What a store should be about, held against the one that is there."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openal._checks import as_count
from openal.errors import ArgumentError, StoreError
from openal.store._files import DTYPES, locked, require_ours, sweep
from openal.store._identity import Identity
from openal.store._manifest import Manifest, read_manifest, write_manifest

__all__ = ["StoreSpec"]

SHARD_ROWS = 4096


@dataclass(frozen=True)
class StoreSpec:
    """What a store should be about, and how to cut it.

    `items` are what it is about, None where files say that, and `fingerprint` is what makes the
    embeddings. `dtype` names their type, a shard has `shard_rows` rows, and `batch_size` items are
    encoded at a time; None takes what the store was begun with, or the default of a new one.
    """

    items: Identity | None
    fingerprint: Mapping[str, str]
    dtype: str | None
    shard_rows: int | None
    batch_size: int | None

    def open_or_create(self, folder: Path, *, batch_size: int) -> Manifest:
        """The manifest of the store in `folder`; a new one gets batches of `batch_size`.

        Raises a StoreError if the folder holds a store of something else, or other files.
        """
        require_ours(folder)
        there = read_manifest(folder)
        if there is not None and self.is_finished(folder, there):
            return there  # nothing is written, so it may be read-only
        new = self.new(batch_size)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            there = read_manifest(folder)
            if there is not None:
                self.is_finished(folder, there)
            kept = new if there is None else there.without_lost(folder)
            sweep(folder)
            if kept != there:
                write_manifest(folder, kept)
        return kept

    def new(self, batch_size: int) -> Manifest:
        """The manifest of a store in which nothing is computed yet."""
        if self.dtype not in (None, *DTYPES):
            raise ArgumentError(f"dtype must be one of {', '.join(DTYPES)}, got {self.dtype!r}.")
        rows = SHARD_ROWS if self.shard_rows is None else self.shard_rows
        size = batch_size if self.batch_size is None else self.batch_size
        rows, size = (
            as_count(rows, "shard_rows", minimum=1),
            as_count(size, "batch_size", minimum=1),
        )
        items = self.items or Identity(0, None, ())
        shards = (None,) * math.ceil(items.count / rows)
        dtype = self.dtype or next(iter(DTYPES))
        return Manifest(items, dict(self.fingerprint), dtype, rows, size, None, shards)

    def is_finished(self, folder: Path, there: Manifest) -> bool:
        """Whether the store is finished; a StoreError if it is about something else."""
        finished = not there.without_lost(folder).missing()
        for what, (before, now) in self._differences(there, finished).items():
            raise StoreError(
                f"{folder} holds other embeddings: {what} was {before!r} and is {now!r} now; "
                f"choose another folder, or delete this one."
            )
        return finished

    def _differences(self, there: Manifest, finished: bool) -> dict[str, tuple[Any, Any]]:
        before, now = there.fingerprint, self.fingerprint
        pairs = {key: (before.get(key), now.get(key)) for key in sorted({*before, *now})}
        if self.items is not None:
            pairs |= there.items.differences(self.items)
        # A finished store is not cut any more.
        for name in ("dtype",) if finished else ("dtype", "shard_rows", "batch_size"):
            if getattr(self, name) is not None:
                pairs[name] = (getattr(there, name), getattr(self, name))
        return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}
