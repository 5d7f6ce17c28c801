"""Arrays that other processes read: in a file that each maps itself, or in parts that are sent."""

import math
import mmap
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from openal.errors import StoreError

__all__ = ["FileArray", "PartedArray", "rows_per_part"]

PART_BYTES = 8 * 2**20


def rows_per_part(values: Any) -> int:
    """How many rows of an array are sent together."""
    row_bytes: int = math.prod(values.shape[1:]) * values.dtype.itemsize
    return max(1, PART_BYTES // max(1, row_bytes))


@final
@dataclass(frozen=True)
class FileArray:
    """An array that a file holds: where it begins, and how its numbers lie."""

    path: Path
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, values: np.ndarray) -> "FileArray | None":
        """The file behind an array or a part of one; None where there is none to share."""
        root, buffer = _root(values)
        if not isinstance(root, np.memmap) or root.filename is None or root.mode == "c":
            return None
        if root.mode != "r":
            root.flush()
        begins = root.offset - root.offset % mmap.ALLOCATIONGRANULARITY
        within = values.ctypes.data - np.frombuffer(buffer, np.uint8).ctypes.data
        path = Path(os.path.realpath(root.filename))
        return cls(path, begins + within, values.dtype, values.shape, values.strides)

    def opened(self) -> np.ndarray:
        """The array, read where it is used."""
        try:
            with self.path.open("rb") as file:
                buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return np.ndarray(self.shape, self.dtype, buffer, self.offset, self.strides)
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(
                f"{self.path} cannot be read on {socket.gethostname()} ({error}); put it where "
                f"every machine of the cluster finds it under this path."
            ) from None


def _root(values: np.ndarray) -> tuple[np.ndarray, Any]:
    """The first array over a buffer, and the buffer."""
    root: Any = values
    while isinstance(root.base, np.ndarray):
        root = root.base
    return root, root.base


@final
@dataclass(frozen=True)
class PartedArray:
    """An array whose rows were sent in parts, of which only some are here."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    part_rows: int
    parts: Mapping[int, np.ndarray] = field(default_factory=dict)

    @property
    def ndim(self) -> int:
        """How many dimensions the array has."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype)

    def __getitem__(self, index: Any) -> np.ndarray:
        """Some rows; those of parts that are not here are zeros."""
        rows = np.arange(len(self))[index] if isinstance(index, slice) else np.asarray(index)
        result = np.zeros((len(rows), *self.shape[1:]), self.dtype)
        numbers = rows // self.part_rows
        for number in np.unique(numbers):
            if number in self.parts:
                here = numbers == number
                result[here] = self.parts[number][rows[here] - number * self.part_rows]
        return result
