"""A store that is begun, or the one that is there when it is about the same embeddings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openal.checks import as_count
from openal.errors import ArgumentError, StoreError
from openal.store.files import locked, require_ours, sweep
from openal.store.identity import Identity
from openal.store.manifest import Manifest
from openal.store.manifest_file import read_manifest, write_manifest
from openal.store.shards import DTYPES

__all__ = ["Wanted"]

SHARD_ROWS = 4096


@dataclass(frozen=True)
class Wanted:
    """What a store should be about, and how to cut it; None: as it was begun."""

    items: Identity
    fingerprint: Mapping[str, str]
    dtype: str | None
    shard_rows: int | None
    batch_size: int | None

    def begun(self, folder: Path, *, batch_size: int) -> Manifest:
        """The manifest of the store in `folder`; a new one gets batches of `batch_size`."""
        require_ours(folder)
        found = read_manifest(folder)
        if found is not None and self._accepted(folder, found):
            return found  # finished: nothing is written, so it may be read-only
        new = self._new(batch_size)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            found = read_manifest(folder)
            if found is not None:
                self._accepted(folder, found)
            kept = new if found is None else found.without_lost(folder)
            sweep(folder)
            if kept != found:
                write_manifest(folder, kept)
        return kept

    def _new(self, batch_size: int) -> Manifest:
        if self.dtype not in (None, *DTYPES):
            raise ArgumentError(f"dtype must be one of {', '.join(DTYPES)}, got {self.dtype!r}.")
        rows = SHARD_ROWS if self.shard_rows is None else self.shard_rows
        size = batch_size if self.batch_size is None else self.batch_size
        rows, size = (
            as_count(rows, "shard_rows", minimum=1),
            as_count(size, "batch_size", minimum=1),
        )
        shards = (None,) * math.ceil(self.items.count / rows)
        dtype = self.dtype or next(iter(DTYPES))
        return Manifest(self.items, dict(self.fingerprint), dtype, rows, size, None, shards)

    def _accepted(self, folder: Path, found: Manifest) -> bool:
        """Whether the store is finished; a StoreError if it is about something else."""
        finished = not found.without_lost(folder).missing()
        for what, (there, now) in self._differences(found, finished).items():
            raise StoreError(
                f"{folder} holds other embeddings: {what} was {there!r} and is {now!r} now; "
                f"choose another folder, or delete this one."
            )
        return finished

    def _differences(self, found: Manifest, finished: bool) -> dict[str, tuple[Any, Any]]:
        there, now = found.fingerprint, self.fingerprint
        pairs = {key: (there.get(key), now.get(key)) for key in sorted({*there, *now})}
        pairs |= found.items.differences(self.items)
        # A finished store is not cut any more.
        for name in ("dtype",) if finished else ("dtype", "shard_rows", "batch_size"):
            if getattr(self, name) is not None:
                pairs[name] = (getattr(found, name), getattr(self, name))
        return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}
