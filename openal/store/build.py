"""Embeddings computed once: whatever interrupts it, the next call goes on where it stopped."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from openal.errors import ArgumentError
from openal.store._encode import ShardEncoder
from openal.store._identity import identity_of
from openal.store._image_opening import ImageOpening
from openal.store._listing import Listing
from openal.store._manifest import Manifest
from openal.store._matching import Match
from openal.store._spec import StoreSpec
from openal.store._writing import merged, write_shard
from openal.store.embeddings import Embeddings
from openal.store.images import Images

__all__ = ["Filling", "StoreSpec", "build_store", "fill_with_images"]


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

    A store of `Images` may grow: an item is a name and the checksum of its bytes. Called again,
    new images get rows at the end, images that are gone keep theirs and are `.retired`, renamed
    ones keep theirs too, and those that were replaced or could not be read are embedded anew.

    Args:
        folder: where the store is, or will be; it holds nothing else.
        items: N items, a map-style data set of x, (x, y) or a dict; or `Images`.
        encode: makes the embeddings [B, D] of a batch of inputs.
        fingerprint: what makes the embeddings (the encoder's hash, the preprocessing).
        identities: a name for each of the N items; without names, the inputs of a few of them are
            compared with those of the store. `Images` need none.
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
    spec = StoreSpec(None, _texts(fingerprint), dtype, shard_rows, batch_size)
    filling = Filling.of(folder, encode, device, workers, part, progress)
    if isinstance(items, Images):
        fill_with_images(filling, items, spec)
    else:
        filling.fill(*_opened(filling, items, replace(spec, items=identity_of(items, identities))))
    return Embeddings(filling.folder, partial=filling.part[1] > 1, verify=verify)


@dataclass(frozen=True)
class Filling:
    """How a store is filled, whatever it is about; see `build_store`."""

    folder: Path
    encode: Callable[[Tensor], Tensor]
    device: torch.device
    workers: int
    part: tuple[int, int]
    progress: bool | None

    @classmethod
    def of(
        cls,
        folder: str | Path,
        encode: Callable[[Tensor], Tensor],
        device: str | torch.device | None,
        workers: int,
        part: tuple[int, int],
        progress: bool | None,
    ) -> "Filling":
        """The same of arguments of `build_store`; an ArgumentError for one that cannot be right."""
        target, count = device_of(encode, device), as_count(workers, "workers")
        return cls(Path(folder).absolute(), encode, target, count, _checked(part), progress)

    @property
    def batch_size(self) -> int:
        """Of a new store."""
        return 32 if self.device.type == "cpu" else 256

    def fill(self, manifest: Manifest, items: Any, work: Mapping[int, Sequence[int]]) -> None:
        """Compute and keep the rows in `work`, by shard, of `items`."""
        if not work:
            return
        shards = range(self.part[0], len(manifest.shards), self.part[1])
        total = sum(len(manifest.indices(at)) for at in shards)
        left = sum(map(len, work.values()))
        encoder = ShardEncoder(items, self.encode, self.device, self.workers)
        with (
            plain_worker_errors(self.workers),
            evaluated(self.encode, None) as network,
            progress_bar(self.progress, total=total, initial=total - left, unit="item") as bar,
        ):
            for encoded in replace(encoder, encode=network.call).shards(manifest, work, bar):
                rows = merged(self.folder, manifest, encoded)
                if rows is not None:
                    write_shard(self.folder, rows, manifest.shards[encoded.shard])


def fill_with_images(
    filling: Filling,
    images: Images,
    spec: StoreSpec,
    *,
    before: Listing | None = None,
    reread: bool = False,
    tell: Callable[[Match], None] = lambda match: None,
) -> int:
    """Fill a store with images, which may be others than it has; how many were looked at.

    `tell` hears what changed, before anything is computed or written but the names. `before` are
    the items that a store must begin with, `reread` reads all files.
    """
    folder = filling.folder
    opening = ImageOpening(folder, images, spec, filling.batch_size, before, reread)
    opened = opening.opened(tell)
    work = opened.work(filling.part)
    filling.fill(opened.manifest, opened.items, work)
    return sum(map(len, work.values()))


def _opened(
    filling: Filling, items: Any, spec: StoreSpec
) -> tuple[Manifest, Any, Mapping[int, Sequence[int]]]:
    manifest = spec.open_or_create(filling.folder, batch_size=filling.batch_size)
    return manifest, items, {at: manifest.indices(at) for at in manifest.missing(filling.part)}


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
