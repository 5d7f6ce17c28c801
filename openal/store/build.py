"""Embeddings computed once: whatever interrupts it, the next call goes on where it stopped."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from openal._batches import device_of
from openal._checks import as_count
from openal._evaluation import evaluated
from openal._progress import progress_bar
from openal._workers import plain_worker_errors
from openal.errors import ArgumentError, StoreError
from openal.store._encode import ShardEncoder, ShardRows
from openal.store._files import DTYPES, locked, require_ours, save, shard_name, sweep
from openal.store._identity import Identity, identity_of
from openal.store._manifest import Manifest, Shard, read_manifest, write_manifest
from openal.store.embeddings import Embeddings

__all__ = ["StoreSpec", "build_store"]

SHARD_ROWS = 4096


@dataclass(frozen=True)
class StoreSpec:
    """What a store should be about, and how to cut it.

    `items` are what it is about, and `fingerprint` is what makes the embeddings. `dtype` names
    their type, a shard has `shard_rows` rows, and `batch_size` items are encoded at a time; None
    takes what the store was begun with, or the default of a new one.
    """

    items: Identity
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
        if there is not None and self._accepted(folder, there):
            return there  # finished: nothing is written, so it may be read-only
        new = self._new(batch_size)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            there = read_manifest(folder)
            if there is not None:
                self._accepted(folder, there)
            kept = new if there is None else there.without_lost(folder)
            sweep(folder)
            if kept != there:
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

    def _accepted(self, folder: Path, there: Manifest) -> bool:
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
        pairs |= there.items.differences(self.items)
        # A finished store is not cut any more.
        for name in ("dtype",) if finished else ("dtype", "shard_rows", "batch_size"):
            if getattr(self, name) is not None:
                pairs[name] = (getattr(there, name), getattr(self, name))
        return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}


def build_store(
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
    verify: bool = True,
) -> Embeddings:
    """The embeddings of all items, computed where the store does not hold them yet.

    Whatever interrupts it, the next call goes on where it stopped. A store of other items, or of
    another encoder, is refused. An item that raises, or whose embedding is not finite, is left out
    and listed in `.unreadable`.

    Args:
        folder: where the store is, or will be; it holds nothing else.
        items: N items, a map-style data set of x, (x, y) or a dict.
        encode: makes the embeddings [B, D] of a batch of inputs.
        fingerprint: what makes the embeddings (the encoder's hash, the preprocessing).
        identities: a name for each of the N items; without names, the inputs of a few of them are
            compared with those of the store.
        part: (i, n) fills the shards i, i + n, ... only: one process per GPU. What it returns may
            lack the rows of others.
        dtype: "float16" (a new store's) or "float32".
        shard_rows: the rows of a file (4096). A store that was begun goes on with its own.
        batch_size: the items encoded at a time (256, on a CPU 32). A store that was begun goes on
            with its own, since other batches give other last digits.
        workers: processes that read items; 0 reads them here.
        device: where `encode` computes; by default where its parameters are.
        progress: False for no bar; by default a bar on a terminal.
        verify: False reads rows without a look at the checksum of their file, see `Embeddings`.

    Raises:
        ArgumentError: an argument that cannot be right; nothing is written.
        StoreError: the folder holds another store, or other files.
        ModelError: `encode` gives no embeddings [B, D], or none that are finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     encoder = {"encoder": "thrice"}
    ...     store = build_store(folder, torch.eye(2), lambda x: x * 3, fingerprint=encoder)
    ...     store[:]
    array([[3., 0.],
           [0., 3.]], dtype=float16)
    """
    folder, target = Path(folder).absolute(), device_of(encode, device)
    workers, (_, parts) = as_count(workers, "workers"), _checked(part)
    identity = identity_of(items, identities)
    spec = StoreSpec(identity, _texts(fingerprint), dtype, shard_rows, batch_size)
    manifest = spec.open_or_create(folder, batch_size=32 if target.type == "cpu" else 256)
    if manifest.missing(part):
        _compute(folder, manifest, part, ShardEncoder(items, encode, target, workers), progress)
    return Embeddings(folder, partial=parts > 1, verify=verify)


def _compute(
    folder: Path,
    manifest: Manifest,
    part: tuple[int, int],
    encoder: ShardEncoder,
    progress: bool | None,
) -> None:
    rows = [len(manifest.indices(at)) for at in range(part[0], len(manifest.shards), part[1])]
    missing = manifest.missing(part)
    left = sum(len(manifest.indices(at)) for at in missing)
    with (
        plain_worker_errors(encoder.workers),
        evaluated(encoder.encode, None) as network,
        progress_bar(progress, total=sum(rows), initial=sum(rows) - left, unit="item") as bar,
    ):
        encoder = replace(encoder, encode=network.call)
        for rows_of_shard in encoder.shards(manifest, missing, bar):
            _record(folder, rows_of_shard)


def _record(folder: Path, rows: ShardRows) -> None:
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
