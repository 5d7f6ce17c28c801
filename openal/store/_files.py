"""Files of a store: rows as `numpy.save` writes them, whole, by one process at a time."""

import fnmatch
import hashlib
import io
import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from openal._files import PART, write_whole
from openal._locks import file_lock
from openal.errors import StoreError

__all__ = [
    "DTYPES",
    "MANIFEST",
    "checksum",
    "damaged",
    "listing_name",
    "locked",
    "mapped",
    "plain_size",
    "require_as_written",
    "require_ours",
    "save",
    "shard_name",
    "shard_size",
    "stamps_name",
    "sweep",
    "write_file",
]

MANIFEST = "manifest.json"
LOCK = "lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits until no other process writes into the store; a killed one holds no lock.

    Raises a StoreError where the lock is no plain file.
    """
    path = folder / LOCK
    _require_no_folder(path)
    if path.is_symlink():
        raise StoreError(f"{path} is a link; remove it.")
    with file_lock(path, wait=True):
        yield


def _require_no_folder(path: Path) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder; remove it.")


def write_file(path: Path, *content: bytes | memoryview) -> None:
    """Write a file of the store, whole and under its lock; a StoreError where a folder stands."""
    _require_no_folder(path)
    if path.is_symlink():  # whatever it leads to, which is none of ours
        path.unlink()
    write_whole(path, *content)


def sweep(folder: Path, used: Collection[str] | None = None) -> None:
    """Remove, under the lock, what a killed process was writing.

    With the names of the files that are `used`, also files of ours that were replaced by others;
    those that somebody reads and that cannot be removed stay.
    """
    for path in folder.glob(f".*{PART}"):
        path.unlink()
    if used is None:
        return
    for name in {*filter(OURS.fullmatch, os.listdir(folder))}.difference(used):
        with suppress(PermissionError):  # Windows, where somebody reads it
            (folder / name).unlink()


def require_ours(folder: Path) -> None:
    """Refuse a path that is no folder, and a folder of other files."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file; a folder was expected.")
    names = sorted(os.listdir(folder)) if folder.exists() else []
    ours = {LOCK, *fnmatch.filter(names, f".*{PART}")}
    foreign = [name for name in names if name not in ours]
    if MANIFEST in names or not foreign:
        return
    if all(OURS.fullmatch(name) for name in foreign):
        raise StoreError(
            f"{folder} holds embeddings and no {MANIFEST}, without which they cannot be read: "
            f"bring that back from a copy, or delete the folder {folder} and do the same again, "
            f"which computes them anew."
        )
    raise StoreError(
        f"{folder} holds {foreign[0]!r} and no {MANIFEST}; choose a folder for the store alone."
    )


def plain_size(path: Path) -> int | None:
    """The bytes of a plain file; None for a link, a device, a folder, or nothing."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


DTYPES: dict[str, np.dtype[Any]] = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}
"""Little-endian, wherever they are read."""


OURS = re.compile(r"shard-\d+(-\d+)?\.(npy|stamps)|items-\d+\.json")
"""The files that a manifest may name."""


def shard_name(shard: int, generation: int = 0) -> str:
    """The file of a shard; names come from numbers, so none can lead out of the folder.

    A shard whose rows were replaced, or became more, has a file of another `generation`.
    """
    return f"{_stem(shard, generation)}.npy"


def stamps_name(shard: int, generation: int = 0) -> str:
    """The file of the checksums of a shard's items."""
    return f"{_stem(shard, generation)}.stamps"


def _stem(shard: int, generation: int) -> str:
    return f"shard-{shard:05d}-{generation}" if generation else f"shard-{shard:05d}"


def listing_name(generation: int) -> str:
    """The file of the names of all items."""
    return f"items-{generation:05d}.json"


def _header(dtype: str, rows: int, columns: int) -> bytes:
    """The first bytes of a file of [rows, columns]."""
    file = io.BytesIO()
    settings = {"descr": DTYPES[dtype].str, "fortran_order": False, "shape": (rows, columns)}
    np.lib.format.write_array_header_1_0(file, settings)
    return file.getvalue()


def shard_size(dtype: str, rows: int, columns: int) -> int:
    """The bytes of a file of [rows, columns]."""
    return len(_header(dtype, rows, columns)) + rows * columns * DTYPES[dtype].itemsize


def save(path: Path, values: np.ndarray) -> str:
    """Write the rows [n, D] whole, and return the checksum of the file."""
    content = (_header(values.dtype.name, *values.shape), values.data.cast("B"))
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    write_file(path, *content)
    return digest.hexdigest()


def mapped(path: Path, dtype: str, rows: int, columns: int) -> np.ndarray:
    """The rows [n, D] of a file, read-only and only read where they are used.

    Raises a StoreError for a file that is not of `rows` x `columns` numbers of type `dtype`.
    """
    expected, size = _header(dtype, rows, columns), plain_size(path)
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


_verified: set[tuple[Path, int, int, int, str]] = set()
"""What this process has read whole: path, inode, bytes, time of the last change, checksum."""


def require_as_written(path: Path, sha256: str) -> None:
    """Refuse a shard that is not what was written; the file is read whole once per process.

    A file that was changed since is read again. Raises a StoreError.
    """
    status = path.stat()
    seen = (path, status.st_ino, status.st_size, status.st_mtime_ns, sha256)
    if seen not in _verified:
        if checksum(path) != sha256:
            raise damaged(path, "not what was written")
        _verified.add(seen)


def damaged(path: Path, why: str) -> StoreError:
    """The error that says how to repair a shard."""
    return StoreError(
        f"{path} is damaged: it is {why}; delete it and fill the store again, which computes its "
        f"rows anew."
    )
