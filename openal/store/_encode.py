"""The rows of a store's shards, computed batch after batch; unreadable items are set apart."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from openal._items import item_input
from openal._workers import loaded, usable_workers
from openal.errors import ModelError
from openal.store._files import DTYPES
from openal.store._shards import Manifest
from openal.store._stamps import Stamp
from openal.store.images import StampedRows

__all__ = ["SETTLED", "Batch", "Encoded", "ShardEncoder", "read_batches", "reason_of"]

ADDRESS = re.compile("0x[0-9a-fA-F]+")
ODD, INFINITE = SETTLED = ("its shape is", "not finite as")
"""How reasons begin that stay the same while the bytes do."""

Attempt = tuple[int, Tensor | str, Stamp | None]
Batch = tuple[list[int], Tensor | None, dict[int, str], dict[int, Stamp | None]]
"""The indices of the rows of a tensor, why others are not among them, and the stamps of all."""


@dataclass(frozen=True, eq=False)
class _Attempts(Dataset[Attempt]):
    """The input of each of `items`, a map-style data set, or why it cannot be read.

    The stamp of a file is read first: whoever changes it from then on changes its hint.
    """

    items: Any

    def __getitem__(self, index: int) -> Attempt:
        stamp = self.items.stamp(index) if isinstance(self.items, StampedRows) else None
        try:
            return index, torch.as_tensor(item_input(self.items[index]), device="cpu"), stamp
        except MemoryError:
            raise
        except Exception as error:  # a broken file may raise nearly anything
            return index, reason_of(error), stamp


def reason_of(error: Exception) -> str:
    """What went wrong, in the same words every time."""
    return ADDRESS.sub("0x", f"{type(error).__name__}: {error}")[:300]


def _collated(attempts: list[Attempt]) -> Batch:
    """The inputs of a batch; one whose shape is not that of the others counts as unreadable."""
    failed = {index: x for index, x, _ in attempts if isinstance(x, str)}
    inputs = {index: x for index, x, _ in attempts if isinstance(x, Tensor)}
    stamps = {index: stamp for index, _, stamp in attempts}
    if not inputs:
        return [], None, failed, stamps
    shape = Counter(tuple(x.shape) for x in inputs.values()).most_common(1)[0][0]
    for index, x in inputs.items():
        if tuple(x.shape) != shape:
            failed[index] = f"{ODD} {tuple(x.shape)}; others have {shape}"
    good = [index for index in inputs if index not in failed]
    return good, torch.stack([inputs[index] for index in good]), failed, stamps


def read_batches(items: Any, batches: Sequence[Any], *, workers: int, pin: bool) -> Iterator[Batch]:
    """The inputs of `items`, a map-style data set, at each range of indices in `batches`.

    They come in the order of `batches`; `workers` processes read ahead, and `pin` puts what they
    read into memory that a GPU copies from.
    """
    workers = usable_workers(workers)
    loader = DataLoader(
        _Attempts(items),
        batch_sampler=batches,
        collate_fn=_collated,
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=4 if workers else None,
        generator=torch.Generator(),  # a loader draws from the global generator otherwise
    )
    yield from loaded(loader)


@dataclass(frozen=True, eq=False)
class Encoded:
    """What was computed for some items of the shard number `shard`.

    `values` [n, D] are the embeddings of the items `good` [n], `unreadable` says why others have
    none, and `stamps` are what the files of all were when they were read.
    """

    shard: int
    good: np.ndarray
    values: np.ndarray | None
    unreadable: dict[int, str]
    stamps: dict[int, Stamp | None]


@dataclass(frozen=True)
class ShardEncoder:
    """How items become the rows of shards.

    `items` is a map-style data set, which `workers` processes read (0: this one); `encode` makes
    embeddings [B, D] of a batch of inputs on `device`.
    """

    items: Any
    encode: Callable[[Tensor], Tensor]
    device: torch.device
    workers: int

    def shards(
        self, manifest: Manifest, work: Mapping[int, Sequence[int]], bar: "tqdm[Any]"
    ) -> Iterator[Encoded]:
        """What is computed for each shard in `work`: some of its items; `bar` counts them.

        Raises a ModelError where `encode` gives no embeddings, or none that are finite.
        """
        cuts = {at: _cut(rows, manifest.batch_size) for at, rows in work.items()}
        batches = [batch for at in work for batch in cuts[at]]
        pin = self.device.type == "cuda"
        read_ahead = read_batches(self.items, batches, workers=self.workers, pin=pin)
        for at in work:
            good: list[int] = []
            parts: list[Tensor] = []
            unreadable: dict[int, str] = {}
            stamps: dict[int, Stamp | None] = {}
            for _ in cuts[at]:
                indices, x, failed, read = next(read_ahead)
                unreadable |= failed
                stamps |= read
                good += indices
                parts += [] if x is None else [self._encoded(x, _torch_dtype(manifest.dtype))]
                bar.update(len(read))
            yield _finite(Encoded(at, np.array(good, int), _joined(parts), unreadable, stamps))

    def _encoded(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        """The embeddings of a batch; they stay on the device, which need not wait for us."""
        z = self.encode(x.to(self.device, non_blocking=True))
        if not isinstance(z, Tensor) or z.ndim != 2 or len(z) != len(x) or not z.shape[1]:
            got = tuple(z.shape) if isinstance(z, Tensor) else type(z).__name__
            raise ModelError(f"encode must give a tensor [{len(x)}, D] for {len(x)} items: {got}")
        return z.detach().to(dtype, copy=True)


def _torch_dtype(name: str) -> torch.dtype:
    return torch.from_numpy(np.empty(0, DTYPES[name].newbyteorder("="))).dtype


def _cut(indices: Sequence[int], size: int) -> list[Sequence[int]]:
    return [indices[at : at + size] for at in range(0, len(indices), size)]


def _joined(parts: list[Tensor]) -> np.ndarray | None:
    if len({z.shape[1] for z in parts}) > 1:
        raise ModelError("encode must give as many columns for each batch.")
    return torch.cat(parts).cpu().numpy() if parts else None


def _finite(encoded: Encoded) -> Encoded:
    """The same without embeddings that are NaN or infinity, whose items count as unreadable."""
    z, good, unreadable = encoded.values, encoded.good, encoded.unreadable
    if z is None:
        return encoded
    finite = np.isfinite(z).all(axis=1)
    if len(z) > 1 and not finite.any():
        raise ModelError(f"encode gives NaN, or infinity as {z.dtype}, for item {good[0]} and on.")
    reasons = {int(good[row]): f"{INFINITE} {z.dtype}" for row in np.flatnonzero(~finite)}
    values = z[finite] if finite.any() else None
    return replace(encoded, good=good[finite], values=values, unreadable=unreadable | reasons)
