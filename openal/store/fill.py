"""Embeddings computed once: whatever interrupts it, the next call goes on where it stopped."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from openal._batches import device_of
from openal._checks import as_count
from openal._evaluation import evaluated
from openal.errors import ArgumentError, StoreError
from openal.store._encode import Encoding, Rows
from openal.store._files import DTYPES, locked, require_ours, save, shard_name, sweep
from openal.store._identity import Identity, identity_of
from openal.store._manifest import Manifest, Shard, read_manifest, write_manifest
from openal.store.embeddings import Embeddings

__all__ = ["Wanted", "fill"]

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


def fill(
    folder: str | Path,
    items: Any,
    encode: Callable[[Tensor], Tensor],
    *,
    fingerprint: Mapping[str, str],
    identities: Iterable[str] | None = None,
    part: tuple[int, int] = (0, 1),
    dtype: str | None = None,
    shard_rows: int | None = None,
    batch_size: int | None = None,
    workers: int = 0,
    device: str | torch.device | None = None,
    progress: bool | None = None,
) -> Embeddings:
    """The embeddings of all items, computed where the store does not hold them yet.

    `items` is a map-style data set of x, (x, y) or a dict; `encode` makes [B, D] of a batch.
    `fingerprint` says what made the embeddings (the encoder's hash, the preprocessing) and
    `identities` names each item: a store of others is refused. Without names, the inputs of a
    few items are compared. An item that raises, or whose embedding is not finite, is left out
    and listed in `.unreadable`.

    One process per GPU: each fills the shards i, i + n, ... of `part=(i, n)`; what it returns may
    lack the others' rows. `dtype` (float16), `shard_rows` (4096) and `batch_size` (256, on a CPU
    32) are how a new store is cut; one that was begun goes on with its own, since other batches
    give other last digits.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = fill(folder, torch.eye(2), lambda x: x * 3, fingerprint={"encoder": "thrice"})
    ...     store[:]
    array([[3., 0.],
           [0., 3.]], dtype=float16)
    """
    folder, target = Path(folder).absolute(), device_of(encode, device)
    workers, (_, parts) = as_count(workers, "workers"), _checked(part)
    wanted = Wanted(
        identity_of(items, identities), _texts(fingerprint), dtype, shard_rows, batch_size
    )
    begun = wanted.begun(folder, batch_size=32 if target.type == "cpu" else 256)
    if begun.missing(part):
        _compute(folder, begun, part, Encoding(items, encode, target, workers), progress)
    return Embeddings(folder, partial=parts > 1)


def _compute(
    folder: Path,
    manifest: Manifest,
    part: tuple[int, int],
    encoding: Encoding,
    progress: bool | None,
) -> None:
    rows = [len(manifest.indices(at)) for at in range(part[0], len(manifest.shards), part[1])]
    missing = manifest.missing(part)
    left = sum(len(manifest.indices(at)) for at in missing)
    hidden = None if progress is None else not progress
    with (
        evaluated(encoding.encode) as network,
        tqdm(total=sum(rows), initial=sum(rows) - left, unit="item", disable=hidden) as bar,
    ):
        encoding = replace(encoding, encode=network.call)
        for shard in encoding.shards(manifest, missing, bar):
            _record(folder, shard)


def _record(folder: Path, rows: Rows) -> None:
    """Keep a shard, unless another process was first."""
    with locked(folder):
        manifest = read_manifest(folder)
        if manifest is None:
            raise StoreError(f"{folder} was taken away while it was being filled.")
        if manifest.shards[rows.shard] is not None:
            return
        columns = None if rows.values is None else rows.values.shape[1]
        manifest.require(columns)
        path = folder / shard_name(rows.shard)
        sha256 = None if rows.values is None else save(path, rows.values)
        shard = Shard(sha256, rows.unreadable)
        write_manifest(folder, manifest.with_shard(rows.shard, shard, columns))


def _checked(part: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(part, tuple) or len(part) != 2:
        raise ArgumentError(f"part must be (i, n), got {part!r}.")
    parts = as_count(part[1], "n of part", minimum=1)
    if as_count(part[0], "i of part") >= parts:
        raise ArgumentError(f"part must be (i, n) with i below n, got {part}.")
    return part


def _texts(fingerprint: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(fingerprint, Mapping):
        raise ArgumentError(f"fingerprint must map names to strings, got {fingerprint!r:.60}.")
    for key, value in fingerprint.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ArgumentError(f"fingerprint must map names to strings, got {key!r}: {value!r}.")
    return dict(fingerprint)
