"""Files of a store: written whole by one process at a time, read only where they are plain."""

import fnmatch
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from openal.errors import StoreError

__all__ = ["MANIFEST", "locked", "plain_size", "require_ours", "sweep", "write_whole"]

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
