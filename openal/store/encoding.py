"""Shards of embeddings, computed batch after batch; no batch reaches into another shard."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from openal.errors import ModelError
from openal.store.manifest import Manifest
from openal.store.reading import read

__all__ = ["Encoding", "Rows"]

DTYPES = {"float16": torch.float16, "float32": torch.float32}


@dataclass(frozen=True)
class Rows:
    """The embeddings [n, D] of a shard, zeros where an item could not be read; or None."""

    shard: int
    values: np.ndarray | None
    unreadable: dict[int, str]


@dataclass(frozen=True)
class Encoding:
    """How items become embeddings."""

    items: Any
    encode: Callable[[Tensor], Tensor]
    device: torch.device
    workers: int

    def shards(self, manifest: Manifest, missing: list[int], bar: "tqdm[Any]") -> Iterator[Rows]:
        """The rows of the missing shards, in their order."""
        cuts = {at: _cut(manifest.indices(at), manifest.batch_size) for at in missing}
        batches = [batch for at in missing for batch in cuts[at]]
        pin = self.device.type == "cuda"
        read_ahead = read(self.items, batches, workers=self.workers, pin=pin)
        for at in missing:
            good: list[int] = []
            parts: list[Tensor] = []
            unreadable: dict[int, str] = {}
            for _ in cuts[at]:
                indices, x, failed = next(read_ahead)
                unreadable |= failed
                good += indices
                parts += [] if x is None else [self._encoded(x, DTYPES[manifest.dtype])]
                bar.update(len(indices) + len(failed))
            yield _rows(at, manifest, good, parts, unreadable)

    def _encoded(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        """The embeddings of a batch; they stay on the device, which need not wait for us."""
        z = self.encode(x.to(self.device, non_blocking=True))
        if not isinstance(z, Tensor) or z.ndim != 2 or len(z) != len(x) or not z.shape[1]:
            found = tuple(z.shape) if isinstance(z, Tensor) else type(z).__name__
            raise ModelError(f"encode must give a tensor [{len(x)}, D] for {len(x)} items: {found}")
        return z.detach().to(dtype, copy=True)


def _cut(indices: range, size: int) -> list[range]:
    return [indices[at : at + size] for at in range(0, len(indices), size)]


def _rows(
    at: int, manifest: Manifest, good: list[int], parts: list[Tensor], unreadable: dict[int, str]
) -> Rows:
    if not parts:
        return Rows(at, None, unreadable)
    if len({z.shape[1] for z in parts}) > 1:
        raise ModelError("encode must give as many columns for each batch.")
    z = torch.cat(parts).cpu().numpy()
    finite = np.isfinite(z).all(axis=1)
    if len(z) > 1 and not finite.any():
        raise ModelError(f"encode gives NaN, or infinity as {z.dtype}, for item {good[0]} and on.")
    unreadable |= {good[row]: f"not finite as {z.dtype}" for row in np.flatnonzero(~finite)}
    if not finite.any():
        return Rows(at, None, unreadable)
    values = np.zeros((len(manifest.indices(at)), z.shape[1]), z.dtype)
    values[np.array(good)[finite] - manifest.indices(at).start] = z[finite]
    return Rows(at, values, dict(sorted(unreadable.items())))
