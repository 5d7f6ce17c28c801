"""Checksums of files, and hints that a file is still the one that was read: a shard's stamps.

A hint is the size, the times of the last change of the bytes and of the file, and the number of a
file. While it is the same the file is not read again. A file that had changed less than `GRAIN`
before it was read has no hint, since it may change once more and have the same times. What a hint
cannot see is a change that leaves all four as they were: of a disk that rots, by a clock that was
set back.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from xxhash import xxh3_128

from openal.errors import StoreError
from openal.store._files import damaged, write_file

__all__ = [
    "NO_SUM",
    "STAMP",
    "STAMPS_HEAD",
    "UNSEEN",
    "Hint",
    "Stamp",
    "look",
    "now_ns",
    "read_stamp",
    "read_stamps",
    "read_together",
    "stamp_row",
    "write_stamps",
]

GRAIN = 2_000_000_000
"""Nanoseconds within which two changes may have the same time; FAT counts by two seconds."""

NO_SUM = bytes(16)
"""The checksum of bytes that nobody has read."""

STAMP = np.dtype(
    [
        ("sum", "V16"),
        ("size", "<i8"),
        ("changed", "<i8"),
        ("moved", "<i8"),
        ("inode", "<u8"),
        ("replaced", "<i8"),
    ]
)
"""What is kept of a row: xxh3_128 of its bytes, the hint, when other bytes took their place."""

MAGIC = b"openal stamps 1\n"
STAMPS_HEAD = len(MAGIC) + len(NO_SUM)
PIECE = 2**20
HINTLESS = -1


class Hint(NamedTuple):
    """What tells without reading that a file is the same; times in nanoseconds."""

    size: int
    changed: int
    moved: int
    inode: int


class Stamp(NamedTuple):
    """The checksum of the bytes of a file, and the hint that goes with it."""

    sum: bytes
    hint: Hint


UNSEEN = Hint(-2, -2, -2, 0)
"""Of a file that is there and cannot be looked at, or is no plain file: like no hint of a stamp."""


def look(path: str) -> Hint | None:
    """The hint of a file as it is now; None where there is none."""
    try:
        return _hint(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return UNSEEN


def _hint(status: os.stat_result) -> Hint:
    if not stat.S_ISREG(status.st_mode):
        return UNSEEN
    inode = status.st_ino % 2**64
    return Hint(status.st_size, status.st_mtime_ns, status.st_ctime_ns, inode)


def read_stamp(path: str) -> Stamp | None:
    """The stamp of a file, which is read whole; None where it cannot be."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would never end
            return None
        with open(path, "rb", buffering=0) as file:
            begun, hint = now_ns(), _hint(os.fstat(file.fileno()))
            digest = xxh3_128()
            while piece := file.read(PIECE):
                digest.update(piece)
    except OSError:
        return None
    settled = max(hint.changed, hint.moved) < begun - GRAIN
    return Stamp(digest.digest(), hint if settled else hint._replace(changed=HINTLESS))


def now_ns() -> int:
    """The time of now, in nanoseconds."""
    return time.time_ns()


def read_together(
    paths: Iterable[str], threads: int = 8, read: Callable[[str], Stamp | None] = read_stamp
) -> list[Stamp | None]:
    """The stamps of files, read by several threads, in their order."""
    with ThreadPoolExecutor(threads) as pool:
        return [*pool.map(read, paths, chunksize=1)]


def stamp_row(stamp: Stamp | None, replaced: int = 0) -> Any:
    """A row of a file of stamps."""
    known = stamp or Stamp(NO_SUM, Hint(0, HINTLESS, 0, 0))
    return np.array([(known.sum, *known.hint, replaced)], STAMP)[0]


def write_stamps(path: Path, stamps: np.ndarray) -> None:
    """Write the stamps [n] of a shard, whole, with a checksum of them."""
    content = np.ascontiguousarray(stamps, STAMP).tobytes()
    write_file(path, MAGIC, xxh3_128(content).digest(), content)


def read_stamps(path: Path, count: int) -> np.ndarray:
    """The stamps [count] of a shard; a StoreError where the file is not what was written."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error}.") from error
    head, rows = content[:STAMPS_HEAD], content[STAMPS_HEAD:]
    if len(rows) != count * STAMP.itemsize or head != MAGIC + xxh3_128(rows).digest():
        raise damaged(path, f"no file of the stamps of {count} rows")
    return np.frombuffer(rows, STAMP)
