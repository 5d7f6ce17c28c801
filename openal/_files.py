"""A file written whole or not at all, and read only where it can be read to its end."""

import errno
import json
import os
import secrets
import stat
import sys
import warnings
from pathlib import Path
from typing import Any

from openal.errors import ArgumentError

__all__ = [
    "LARGEST",
    "PART",
    "content_of",
    "plain_bytes",
    "plain_json",
    "require_plain",
    "write_whole",
]

PART = ".part"
LARGEST = 2**30  # bytes
DEEPEST = 50
NEW = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF}
"""What `fsync` says where it cannot be had, such as of a folder on CIFS."""


def write_whole(path: Path, *content: bytes | memoryview) -> None:
    """Write a file so that others, and we after a power cut, see the old one or the new one.

    `content` is written piece by piece into a part file beside it, which nobody else can have
    made: its name is drawn, and a link of that name is refused. Where the file system cannot sync
    (CIFS, some FUSE), a power cut may still take it back, and a warning says so once. An OSError
    for a device, a pipe or a folder of that name, which would be gone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _require_replaceable(path)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PART}")
    descriptor = os.open(part, NEW | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(content)
            file.flush()
            _sync(file.fileno(), path.parent)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    if sys.platform != "win32":
        _sync_folder(path.parent)


def _require_replaceable(path: Path) -> None:
    """Refuse what is no plain file, and a link to an open file, as /dev/stdout is one."""
    opened = path.is_symlink() and os.readlink(path).startswith("/proc/")
    if opened or (path.exists() and not path.is_file()):
        raise OSError(f"{path} is no plain file; another name to write to was expected")


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:  # a folder to write in that cannot be listed
        return _warn_of_no_sync(folder, error)
    try:
        _sync(descriptor, folder)
    finally:
        os.close(descriptor)


def _sync(descriptor: int, folder: Path) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
        _warn_of_no_sync(folder, error)


_warned: set[Path] = set()


def _warn_of_no_sync(folder: Path, error: OSError) -> None:
    if folder not in _warned:
        _warned.add(folder)
        warnings.warn(
            f"{folder} is on a file system that cannot wait for the disk ({error}): after a power "
            f"cut, the last files written there may be missing.",
            stacklevel=2,
        )


def plain_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a plain file (or of a link to one) of at most so many bytes."""
    require_plain(path)
    if path.stat().st_size > largest:
        raise OSError(f"{path} has more than {largest} bytes")
    return path.read_bytes()


def content_of(path: Path, largest: int = LARGEST) -> bytes:
    """The same; an ArgumentError where it cannot be read."""
    try:
        return plain_bytes(path, largest)
    except OSError as error:
        raise ArgumentError(f"{path} cannot be read: {error}") from error


def require_plain(path: Path) -> None:
    """An OSError for a pipe or a device, which would never end, and for what is not there."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{path} is no plain file")


def plain_json(path: Path) -> Any:
    """What a JSON file holds; an OSError, a ValueError or a RecursionError if it cannot be read.

    What is nested too deep for those who show or compare it counts as unreadable, too.
    """
    value = json.loads(plain_bytes(path))
    level = [value]
    for _ in range(DEEPEST):
        holders = [inner for inner in level if isinstance(inner, dict | list)]
        level = [
            inner
            for holder in holders
            for inner in (holder.values() if isinstance(holder, dict) else holder)
        ]
    if level:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels")
    return value
