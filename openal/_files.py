"""A file written whole or not at all, and read only where it can be read to its end."""

import json
import os
import stat
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


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that another process sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


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
    found = json.loads(plain_bytes(path))
    level = [found]
    for _ in range(DEEPEST):
        holders = [each for each in level if isinstance(each, dict | list)]
        level = [each for it in holders for each in (it.values() if isinstance(it, dict) else it)]
    if level:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels")
    return found
