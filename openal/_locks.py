"""Locks that nobody is left holding: on files, between processes; between threads, across a fork.

A lock on a file goes with the process that holds it, however it ends. A lock between threads is
free in a forked child, which has none of the threads that may have held it.
"""

import errno
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from weakref import WeakSet

__all__ = ["ThreadLock", "file_lock"]

NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOLCK}
"""What `flock` says on a file system without locks, such as Lustre mounted without `-o flock`."""

FORK_WAIT = 10.0
"""Seconds that a fork waits for other threads to leave what a `ThreadLock` guards."""


@contextmanager
def file_lock(path: Path, *, wait: bool) -> Iterator[bool]:
    """Whether the lock on the file `path` is ours until the end of the block.

    With `wait` it always is, once the others are done; without, it is not while another process
    holds it. On a file system without locks it is always ours, and a warning says so once. Raises
    an OSError for a `path` that is a link or a folder.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o666), "r+b") as file:
        yield _locked(file, path, wait=wait)  # closing the file unlocks it


def _locked(file: IO[bytes], path: Path, *, wait: bool) -> bool:
    if sys.platform == "win32":
        return _locked_on_windows(file, wait=wait)
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        _warn_of_no_locks(path.parent, error)
    return True


def _locked_on_windows(file: IO[bytes], *, wait: bool) -> bool:
    if sys.platform != "win32":
        raise AssertionError
    import msvcrt

    while True:
        with suppress(OSError):  # a waiting one gives up after ten seconds
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            return True
        if not wait:
            return False


_warned: set[Path] = set()


def _warn_of_no_locks(folder: Path, error: OSError) -> None:
    if folder not in _warned:
        _warned.add(folder)
        warnings.warn(
            f"{folder} is on a file system without locks ({error}): let only one process at a "
            f"time write there.",
            stacklevel=2,
        )


class ThreadLock:
    """A lock between threads that no forked child inherits: `with guard.lock: ...`.

    A fork waits until no other thread is inside, so the child finds what the lock guards whole; it
    gets a new lock. One that is not left within `FORK_WAIT` seconds no longer holds up the fork.
    """

    __slots__ = ("__weakref__", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        with _registry.lock:
            _registry.guards.add(self)


class _Registry:
    """All locks between threads that are in use, and those that a fork holds meanwhile."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.guards: WeakSet[ThreadLock] = WeakSet()
        self.held: list[threading.RLock] = []

    def before_fork(self) -> None:
        self.lock.acquire()
        locks = [guard.lock for guard in self.guards]
        self.held = [lock for lock in locks if lock.acquire(timeout=FORK_WAIT)]

    def after_in_parent(self) -> None:
        held, self.held = self.held, []
        for lock in held:
            lock.release()
        self.lock.release()

    def after_in_child(self) -> None:
        self.lock, self.held = threading.RLock(), []
        for guard in self.guards:
            guard.lock = threading.RLock()


_registry = _Registry()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_registry.before_fork,
        after_in_parent=_registry.after_in_parent,
        after_in_child=_registry.after_in_child,
    )
