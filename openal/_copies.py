"""Items that are the same, or nearly so: the first of each, found without comparing all pairs."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from openal._item_checksums import held_in_memory
from openal._items import item_input
from openal._progress import progress_bar
from openal._threads import for_each, whole_parts
from openal.errors import ArgumentError
from openal.functional._balls import measured, within
from openal.functional._cosines import NormalizedRows

__all__ = ["EmbeddingContent", "ItemContent", "first_equal", "first_near"]

BLOCK_ROWS = 2048
"""How many rows are compared with all earlier ones at a time."""
CHUNK_ROWS = 1024
"""With how many of those at a time."""
DIGEST_BYTES = 16


def first_equal(content: np.ndarray) -> np.ndarray:
    """The first row that equals each of the rows [n, k]: int64 [n], its own where it is the first.

    >>> first_equal(np.array([[3, 1], [0, 0], [3, 1]])).tolist()
    [0, 1, 0]
    """
    if not len(content):
        return np.arange(0)
    order = np.lexsort(content.T)  # stable: equal rows stay in their order
    ordered = content[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.flatnonzero(begins)[begins.cumsum() - 1]]
    return first


@whole_parts()
def first_near(embeddings: Tensor, cosine: float, *, given: int = 0) -> np.ndarray:
    """The first row near each of the rows [n, D] that is no copy itself: int64 [n], or its own.

    Near are rows with at least this `cosine`; no row before `given` is taken for a copy. Decided in
    float64, block by block; each pair is compared once at most.

    >>> first_near(torch.tensor([[1.0, 0.0], [0.0, 1.0], [5.0, 0.1]]), 0.99).tolist()
    [0, 1, 0]
    """
    points, radius = measured(embeddings), math.sqrt(2 * (1 - cosine))
    first = np.arange(len(embeddings))
    for start in range(given, len(first), BLOCK_ROWS):
        block = np.arange(start, min(start + BLOCK_ROWS, len(first)))
        first[block] = _among_earlier(points, block, first, radius)
        rest = block[first[block] == block]
        at = torch.from_numpy(rest).to(points.lengths.device)
        near = within(points.at(at), points.at(at), radius).cpu().numpy()
        first[rest] = rest[_first_of_near(near)]
    return first


def _among_earlier(
    points: NormalizedRows, block: np.ndarray, first: np.ndarray, radius: float
) -> np.ndarray:
    """The first earlier row, itself no copy, that is near each row of a block; or its own."""
    left = points.at(slice(int(block[0]), int(block[-1]) + 1))
    starts = range(0, int(block[0]), CHUNK_ROWS)
    found = np.empty((len(starts), len(block)), np.int64)

    def compare(start: int) -> None:
        stop = min(start + CHUNK_ROWS, int(block[0]))
        near = within(left, points.at(slice(start, stop)), radius).cpu().numpy()
        near &= first[start:stop] == np.arange(start, stop)
        place = start + near.argmax(axis=1)
        found[start // CHUNK_ROWS] = np.where(near.any(axis=1), place, block)

    for_each(starts, compare)
    nearest: np.ndarray = np.minimum(found.min(axis=0, initial=len(first)), block)
    return nearest


def _first_of_near(near: np.ndarray) -> np.ndarray:
    """The first row, itself no copy, that is near each [n], of a symmetric mask [n, n]."""
    first = np.arange(len(near))
    for row in np.flatnonzero(np.tril(near, -1).any(axis=1)):
        before = near[row, :row] & (first[:row] == np.arange(row))
        first[row] = before.argmax() if before.any() else row
    return first


@dataclass(frozen=True)
class EmbeddingContent:
    """Offers `content` [N, 2]: whole numbers that are the same for equal embeddings, no others.

    Args:
        embeddings: the name of the signal [N, ...] that is compared.
    """

    embeddings: str = "embeddings"

    offers: ClassVar[tuple[str, ...]] = ("content",)
    derived: ClassVar[bool] = True

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def signals(
        self,
        pool: Any,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The content [n, 2] at `indices`."""
        rows = pool.take(self.embeddings, indices, progress=progress)
        numbers = (rows + 0).contiguous().cpu()  # + 0: there are two zeros
        return dict.fromkeys(names, _digests(_as_bytes(numbers)))


def _as_bytes(rows: Tensor) -> np.ndarray:
    """The bytes [n, B] of rows."""
    found: np.ndarray = rows.reshape(len(rows), math.prod(rows.shape[1:])).view(torch.uint8).numpy()
    return found


@dataclass(frozen=True)
class ItemContent:
    """Offers `content` [N, 2]: whole numbers that are the same for equal items, no others.

    Items are read once in the lifetime of a pool; those in memory are looked at in every query.
    """

    offers: ClassVar[tuple[str, ...]] = ("content",)
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def signals(
        self,
        pool: Any,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The content [n, 2] at `indices`."""
        known = {} if held_in_memory(pool.items) else pool.kept_content
        wanted = indices.tolist()
        with progress_bar(progress, total=len(wanted), unit="item", leave=False) as bar:
            for index in wanted:
                if index not in known:
                    known[index] = _bytes_of(index, item_input(pool.items[index]))
                bar.update()
        return dict.fromkeys(names, _digests(known[index] for index in wanted))


def _bytes_of(index: int, x: Any) -> bytes:
    """A digest of an input, its shape and its type."""
    kind = ""
    if isinstance(x, Tensor):
        x = x.detach().to_dense().cpu().resolve_conj().resolve_neg()
        if x.dtype is torch.bfloat16:  # which NumPy has not
            kind, x = "bfloat16", x.float()
    elif hasattr(x, "getpalette"):  # the numbers of such an image are places in its palette
        kind = f"{x.mode}{x.getpalette()}{x.info.get('transparency')}"
    array = _array_of(index, x)
    array = array + 0 if array.dtype.kind in "fc" else array
    kind += f"{array.dtype}{array.shape}"
    return blake2b(kind.encode() + array.tobytes(), digest_size=DIGEST_BYTES).digest()


def _array_of(index: int, x: Any) -> np.ndarray:
    """The input as an array; one of objects would be compared by where they are in memory."""
    try:
        array = np.asarray(x)
    except (TypeError, ValueError):
        array = np.empty(0, object)
    if array.dtype.hasobject:
        raise ArgumentError(
            f"items[{index}] must be an array, a tensor or an image to be compared with others, "
            f"got {type(x).__name__}; give Pool(..., content=numbers that are equal for copies)."
        )
    return array


def _digests(rows: Iterable[Any]) -> Tensor:
    """Two whole numbers for each row of bytes, int64 [n, 2]."""
    digests = b"".join(blake2b(row, digest_size=DIGEST_BYTES).digest() for row in rows)
    return torch.from_numpy(np.frombuffer(digests, np.int64).reshape(-1, 2).copy())
