"""Disks of a test's own: small ones that fill up, and folders and files that refuse writes."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = os.geteuid() == 0  # modes do not bind root; mounts do


@contextmanager
def mounted(*options: str, at: Path) -> Iterator[Path]:
    """Something mounted at a path until the end of the block; skips where that is not permitted."""
    if shutil.which("mount") is None:
        pytest.skip("there is no `mount` here")
    made = subprocess.run(["mount", *options, at], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"mounting is not permitted here: {made.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


def remount(at: Path, *options: str) -> None:
    """Mount a path again with other options, such as `ro`."""
    subprocess.run(["mount", "-o", ",".join(("remount", *options)), at], check=True)


@contextmanager
def small_disk(at: Path, kilobytes: int) -> Iterator[Path]:
    """A folder that holds so much and no more."""
    at.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", at=at):
        yield at


@contextmanager
def read_only_folder(folder: Path, fill: Callable[[], Any]) -> Iterator[Callable[[], None]]:
    """A folder that refuses all writes after `fill`; what comes out makes it writable again."""
    if not ROOT:
        folder.mkdir()
        fill()
        modes = {path: path.stat().st_mode for path in [*folder.rglob("*"), folder]}
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)

        def again() -> None:
            for path, mode in modes.items():
                path.chmod(mode)

        yield again
        again()
        return
    with small_disk(folder, 4096):
        fill()
        remount(folder, "ro")
        yield lambda: remount(folder, "rw")


@contextmanager
def read_only_file(path: Path) -> Iterator[None]:
    """A file that refuses writes, in a folder that does not."""
    if not ROOT:
        path.chmod(0o444)
        yield
        path.chmod(0o644)
        return
    with mounted("--bind", str(path), at=path):
        remount(path, "ro", "bind")
        yield
