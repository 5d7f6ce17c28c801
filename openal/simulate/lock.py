"""Who computes what, where several processes share the work: lock files that nobody waits for."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["claimed"]


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Whether the lock file is ours until the end of the block; a killed process holds none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o666), "r+b") as file:
        yield _locked(file)  # closing the file unlocks it


def _locked(file: IO[bytes]) -> bool:
    with suppress(BlockingIOError, PermissionError):  # somebody else's; on Windows the second
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        return True
    return False
