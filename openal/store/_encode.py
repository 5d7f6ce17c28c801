"""The rows of a store's shards, computed batch after batch; unreadable items are set apart."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from openal.store._manifest import Manifest

__all__ = ["Batch", "ShardEncoder", "ShardRows", "read_batches", "reason_of"]

ADDRESS = re.compile("0x[0-9a-fA-F]+")
Attempt = tuple[int, Tensor | str]
Batch = tuple[list[int], Tensor | None, dict[int, str]]
"""The indices of the rows of a tensor, and why others are not among them."""


@dataclass(frozen=True, eq=False)
class _Attempts(Dataset[Attempt]):
    """The input of each of `items`, a map-style data set, or why it cannot be read."""

    items: Any

    def __getitem__(self, index: int) -> Attempt:
        try:
            return index, torch.as_tensor(item_input(self.items[index]), device="cpu")
        except MemoryError:
            raise
        except Exception as error:  # a broken file may raise nearly anything
            return index, reason_of(error)


def reason_of(error: Exception) -> str:
    """What went wrong, in the same words every time."""
    return ADDRESS.sub("0x", f"{type(error).__name__}: {error}")[:300]


def _collated(attempts: list[Attempt]) -> Batch:
    """The inputs of a batch; one whose shape is not that of the others counts as unreadable."""
    failed = {index: x for index, x in attempts if isinstance(x, str)}
    inputs = {index: x for index, x in attempts if isinstance(x, Tensor)}
    if not inputs:
        return [], None, failed
    shape = Counter(tuple(x.shape) for x in inputs.values()).most_common(1)[0][0]
    for index, x in inputs.items():
        if tuple(x.shape) != shape:
            failed[index] = f"its shape is {tuple(x.shape)}; others have {shape}"
    good = [index for index in inputs if index not in failed]
    return good, torch.stack([inputs[index] for index in good]), failed


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


@dataclass(frozen=True)
class ShardRows:
    """What was computed for the shard number `shard`.

    `values` are its embeddings [n, D], zeros where an item could not be read, or None where none
    of its items could; `unreadable` says why, by index.
    """

    shard: int
    values: np.ndarray | None
    unreadable: dict[int, str]


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
        self, manifest: Manifest, missing: list[int], bar: "tqdm[Any]"
    ) -> Iterator[ShardRows]:
        """The rows of the `missing` shards, in their order; `bar` counts the items.

        Raises a ModelError where `encode` gives no embeddings, or none that are finite.
        """
        cuts = {at: _cut(manifest.indices(at), manifest.batch_size) for at in missing}
        batches = [batch for at in missing for batch in cuts[at]]
        pin = self.device.type == "cuda"
        read_ahead = read_batches(self.items, batches, workers=self.workers, pin=pin)
        for at in missing:
            good: list[int] = []
            parts: list[Tensor] = []
            unreadable: dict[int, str] = {}
            for _ in cuts[at]:
                indices, x, failed = next(read_ahead)
                unreadable |= failed
                good += indices
                parts += [] if x is None else [self._encoded(x, _torch_dtype(manifest.dtype))]
                bar.update(len(indices) + len(failed))
            yield _rows(at, manifest, good, parts, unreadable)

    def _encoded(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        """The embeddings of a batch; they stay on the device, which need not wait for us."""
        z = self.encode(x.to(self.device, non_blocking=True))
        if not isinstance(z, Tensor) or z.ndim != 2 or len(z) != len(x) or not z.shape[1]:
            got = tuple(z.shape) if isinstance(z, Tensor) else type(z).__name__
            raise ModelError(f"encode must give a tensor [{len(x)}, D] for {len(x)} items: {got}")
        return z.detach().to(dtype, copy=True)


def _torch_dtype(name: str) -> torch.dtype:
    return torch.from_numpy(np.empty(0, DTYPES[name].newbyteorder("="))).dtype


def _cut(indices: range, size: int) -> list[range]:
    return [indices[at : at + size] for at in range(0, len(indices), size)]


def _rows(
    at: int, manifest: Manifest, good: list[int], parts: list[Tensor], unreadable: dict[int, str]
) -> ShardRows:
    if not parts:
        return ShardRows(at, None, unreadable)
    if len({z.shape[1] for z in parts}) > 1:
        raise ModelError("encode must give as many columns for each batch.")
    z = torch.cat(parts).cpu().numpy()
    finite = np.isfinite(z).all(axis=1)
    if len(z) > 1 and not finite.any():
        raise ModelError(f"encode gives NaN, or infinity as {z.dtype}, for item {good[0]} and on.")
    unreadable |= {good[row]: f"not finite as {z.dtype}" for row in np.flatnonzero(~finite)}
    if not finite.any():
        return ShardRows(at, None, unreadable)
    values = np.zeros((len(manifest.indices(at)), z.shape[1]), z.dtype)
    values[np.array(good)[finite] - manifest.indices(at).start] = z[finite]
    return ShardRows(at, values, dict(sorted(unreadable.items())))
