"""Checksums of what was read, by which what is remembered is known to be of the same values."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from xxhash import xxh3_128, xxh3_128_digest

__all__ = ["checksum_of", "checksums_at", "checksums_in_blocks", "content_of", "row_checksums"]

BLOCK_ROWS = 4096
"""So many rows are copied at a time."""


def row_checksums(rows: Tensor) -> Tensor:
    """Two whole numbers for each row [n, ...], the same for the same bytes: int64 [n, 2].

    A row-wise function that pickles, so that an engine maps it where the rows are.
    """
    content = content_of(rows).reshape(len(rows), -1) if len(rows) else np.empty((0, 0), np.uint8)
    return torch.from_numpy(checksums_at(content, np.arange(len(rows))))


def checksums_at(values: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """The checksums of some rows of an array in the order of C, which are not copied."""
    whole: Any = values.reshape(-1).view(np.uint8)
    n, content = len(indices), memoryview(whole)
    width = len(content) // max(1, len(values))
    starts = (width * indices).tolist()
    digests = b"".join([xxh3_128_digest(content[at : at + width]) for at in starts])
    return np.frombuffer(digests, np.int64).reshape(n, 2).copy()


def checksums_in_blocks(take: Callable[[np.ndarray], Tensor], indices: np.ndarray) -> np.ndarray:
    """The checksums of the rows that `take` gives at the indices, int64 [n, 2], block by block."""
    starts = range(0, len(indices), BLOCK_ROWS)
    blocks = (row_checksums(take(indices[at : at + BLOCK_ROWS])).numpy() for at in starts)
    return np.concatenate([np.empty((0, 2), np.int64), *blocks])


def checksum_of(parts: Iterable[bytes | np.ndarray]) -> bytes:
    """A checksum of some contents, one after another."""
    digest = xxh3_128()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))  # where one ends and another begins
        whole: Any = part
        digest.update(whole)
    return digest.digest()


def content_of(values: Tensor | np.ndarray) -> np.ndarray:
    """The bytes of an array, in the order of its elements: uint8 [B]."""
    if isinstance(values, Tensor):
        dense = values.detach() if values.layout == torch.strided else values.detach().to_dense()
        values = dense.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
        found: np.ndarray = values.view(torch.uint8).numpy()
        return found
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)
