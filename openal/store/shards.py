"""Files of rows: what `numpy.save` writes, with a header that is known beforehand."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from openal.errors import StoreError
from openal.store.files import plain_size, write_whole

__all__ = ["DTYPES", "checksum", "mapped", "save", "shard_name", "shard_size"]

DTYPES: dict[str, np.dtype[Any]] = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}
"""Little-endian, wherever they are read."""


def shard_name(shard: int) -> str:
    """The file of a shard; names come from numbers, so none can lead out of the folder."""
    return f"shard-{shard:05d}.npy"


def header(dtype: str, rows: int, columns: int) -> bytes:
    """The first bytes of a file of [rows, columns]."""
    file = io.BytesIO()
    settings = {"descr": DTYPES[dtype].str, "fortran_order": False, "shape": (rows, columns)}
    np.lib.format.write_array_header_1_0(file, settings)
    return file.getvalue()


def shard_size(dtype: str, rows: int, columns: int) -> int:
    """The bytes of a file of [rows, columns]."""
    return len(header(dtype, rows, columns)) + rows * columns * DTYPES[dtype].itemsize


def save(path: Path, values: np.ndarray) -> str:
    """Write the rows [n, D] whole, and return the checksum of the file."""
    content = (header(values.dtype.name, *values.shape), values.data.cast("B"))
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    write_whole(path, *content)
    return digest.hexdigest()


def mapped(path: Path, dtype: str, rows: int, columns: int) -> np.ndarray:
    """The rows [n, D] of a file, read-only and only read where they are used."""
    expected, size = header(dtype, rows, columns), plain_size(path)
    if size != shard_size(dtype, rows, columns):
        raise damaged(path, "no plain file" if size is None else f"of {size} bytes")
    with path.open("rb") as file:
        if file.read(len(expected)) != expected:
            raise damaged(path, f"no file of {rows} x {columns} {dtype}")
        return np.memmap(file, DTYPES[dtype], "r", len(expected), (rows, columns))


def checksum(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged(path: Path, why: str) -> StoreError:
    """The error that says how to repair a shard."""
    return StoreError(
        f"{path} is damaged: it is {why}; delete it and fill the store again, which computes its "
        f"rows anew."
    )
