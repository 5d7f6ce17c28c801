"""Checksums of the inputs that a data set holds in memory, where they may be changed in place."""

from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import TensorDataset

from openal._checksums import checksum_of, checksums_at, content_of
from openal._items import item_input
from openal._stored import rows_in_place
from openal.errors import ArgumentError

__all__ = ["held_in_memory", "item_checksums"]


def held_in_memory(items: Any) -> bool:
    """Whether a data set is an array, tensors or a list, and not a reader of what is on a disk."""
    if isinstance(items, np.memmap):
        return False
    plain = type(items) in (list, tuple, TensorDataset)  # another may do more than hold its items
    return plain or isinstance(items, np.ndarray | Tensor)


def item_checksums(items: Any, indices: np.ndarray) -> np.ndarray | None:
    """The checksums of the inputs at `indices`, int64 [n, 2]; None where they are not in memory."""
    if not held_in_memory(items):
        return None
    rows = rows_in_place(items.tensors[0] if isinstance(items, TensorDataset) else items)
    if rows is not None:
        return checksums_at(rows, indices)
    digests = b"".join([_checksum(_input(items[index])) for index in indices.tolist()])
    return np.frombuffer(digests, np.int64).reshape(len(indices), 2).copy()


def _input(item: Any) -> Any:
    """The input of an item; what has none is refused by its index where it is read."""
    try:
        return item_input(item)
    except ArgumentError:
        return None


def _checksum(x: Any) -> bytes:
    """The checksum of an input; that of its kind alone, where it is no array."""
    kind = type(x).__qualname__.encode()
    if isinstance(x, Tensor | np.ndarray) and not _is_of_objects(x):
        return checksum_of([kind, f"{x.dtype}{tuple(x.shape)}".encode(), content_of(x)])
    return checksum_of([kind])


def _is_of_objects(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.hasobject
