"""A signal that is there: an array, a tensor, a memory map, or anything indexed like one."""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter

from openal._checks import as_tensor, require_dense
from openal._checksums import checksums_at, checksums_in_blocks
from openal.errors import ArgumentError, ArrayError

__all__ = ["Stored", "rows_in_place", "stored"]


class Stored:
    """A signal that is there: an array, a tensor, a memory map, or anything indexed like one."""

    def __init__(self, values: Any, given: Any = None) -> None:
        self.values = values
        self._given = given  # what the values are a copy of, if they are one

    def __len__(self) -> int:
        shape = getattr(self.values, "shape", None)  # a Zarr array has no length
        return int(shape[0]) if shape else len(self.values)

    def take(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> Tensor:
        """The rows [n, ...] of the signal at `indices`."""
        if isinstance(self.values, Tensor):
            at = torch.from_numpy(indices).to(self.values.device)
            return as_tensor(self.values[at], name)
        if isinstance(self.values, np.ndarray):
            return as_tensor(self.values[indices], name)
        return as_tensor(_lazy_rows(self.values, indices), name)

    def unreadable(self, pool: Any, progress: bool | None) -> Any:
        """Indices without a value, which no query may hold."""
        return getattr(self.values, "unreadable", ())

    @property
    def retired(self) -> Any:
        """Indices of items that are not there any more, which no query may hold."""
        return getattr(self.values, "retired", ())

    def begin(self, pool: Any, progress: bool | None) -> None:
        """What a query does first: a copy of what can be changed in place is made anew."""
        if self._given is not None:
            self.values = np.asarray(self._given)

    def checksums(self, pool: Any, name: str, indices: np.ndarray, **_: Any) -> np.ndarray:
        """The checksums of the rows at `indices`, int64 [n, 2], as they are at this moment."""
        rows = rows_in_place(self.values)
        if rows is not None:
            return checksums_at(rows, indices)
        return checksums_in_blocks(partial(self.take, pool, name), indices)


def rows_in_place(values: Any) -> np.ndarray | None:
    """The memory in which the rows stand one after another; None where they have to be copied."""
    if type(values) in (Tensor, Parameter) and values.device.type == "cpu" and values.numel():
        plain = values.layout == torch.strided and values.is_contiguous() and not values.is_neg()
        return values.detach().reshape(len(values), -1).view(torch.uint8).numpy() if plain else None
    # Not a memory map, of which all pages would be in memory at once.
    plain = type(values) is np.ndarray and values.flags.c_contiguous and values.ndim > 0
    return values if plain and values.size and not values.dtype.hasobject else None


def _lazy_rows(values: Any, indices: np.ndarray) -> Any:
    """The rows of an array on a disk, which may take ascending distinct indices only (HDF5).

    Where most of a range is wanted it is read as a range, which is far faster there.
    """
    ascending, places = np.unique(indices, return_inverse=True)
    first, count = int(ascending[0]) if len(ascending) else 0, len(ascending)
    span = int(ascending[-1]) + 1 - first if count else 0
    if span <= 2 * count:
        return np.asarray(values[first : first + span])[indices - first]
    by_rows = getattr(values, "oindex", values)  # Zarr's own name for it
    return np.asarray(by_rows[ascending])[places]


def _dimensions(values: Any) -> int:
    """How many dimensions there are, without reading what is on a disk."""
    shape = getattr(values, "shape", None)
    return np.ndim(values) if shape is None else len(shape)


def stored(name: str, values: Any) -> Stored:
    """The signal `name` of what a user gave as an array, or the reason why not."""
    if isinstance(values, Tensor) and values.is_nested:  # which has no shape to look at
        require_dense(values, name)
    if isinstance(values, type) or not hasattr(values, "__array__") or _dimensions(values) == 0:
        raise ArgumentError(f"{name} must be an array or a learner, got {type(values).__name__}.")
    given = values
    if isinstance(values, Tensor):
        real = not (values.is_sparse or values.is_complex() or values.dtype == torch.bool)
        if real:
            require_dense(values, name)
    else:
        if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
            raise ArrayError(f"{name} must have a value for every item; some are masked.")
        lazy = hasattr(values, "__getitem__") and isinstance(getattr(values, "dtype", 0), np.dtype)
        by_label = hasattr(values, "iloc")  # a pandas Series: its labels are no positions
        values = values if lazy and not by_label else np.asarray(values)
        real = values.dtype.kind in "fiu"
    if not real:
        raise ArrayError(f"{name} must hold real numbers in a dense array, got {values.dtype}.")
    return Stored(values, None if given is values else given)
