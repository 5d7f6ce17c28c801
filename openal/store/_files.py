"""Files of a store: rows as `numpy.save` writes them, whole, by one process at a time."""

import fnmatch
import hashlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from openal.errors import StoreError

__all__ = [
    "DTYPES",
    "MANIFEST",
    "checksum",
    "locked",
    "mapped",
    "plain_size",
    "require_ours",
    "save",
    "shard_name",
    "shard_size",
    "sweep",
    "write_whole",
]

MANIFEST = "manifest.json"
LOCK = "lock"
PART = ".part"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits until no other process writes into the store; a killed one holds no lock."""
    with os.fdopen(_opened(folder / LOCK), "r+b") as file:
        _lock(file)
        yield  # closing the file unlocks it


def _opened(path: Path) -> int:
    _require_no_folder(path)
    if path.is_symlink():
        raise StoreError(f"{path} is a link; remove it.")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, 0o666)


def _require_no_folder(path: Path) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder; remove it.")


def _lock(file: IO[bytes]) -> None:
    if sys.platform != "win32":
        import fcntl

        return fcntl.flock(file, fcntl.LOCK_EX)
    import msvcrt

    while True:
        try:
            return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        except OSError:  # it gives up after ten seconds
            continue


def write_whole(path: Path, *content: bytes | memoryview) -> None:
    """Write a file, under the lock, so that even a power cut leaves the old one or the new one."""
    _require_no_folder(path)
    part = path.with_name(f".{path.name}{PART}")
    with part.open("wb") as file:
        file.writelines(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    if sys.platform != "win32":
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove, under the lock, what a killed process was writing."""
    for path in folder.glob(f".*{PART}"):
        path.unlink()


def require_ours(folder: Path) -> None:
    """Refuse a path that is no folder, and a folder of other files."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file; a folder was expected.")
    names = sorted(os.listdir(folder)) if folder.exists() else []
    ours = {LOCK, *fnmatch.filter(names, f".*{PART}")}
    foreign = [name for name in names if name not in ours]
    if foreign and MANIFEST not in names:
        raise StoreError(
            f"{folder} holds {foreign[0]!r} and no {MANIFEST}; choose a folder for the store alone."
        )


def plain_size(path: Path) -> int | None:
    """The bytes of a plain file; None for a link, a device, a folder, or nothing."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


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
