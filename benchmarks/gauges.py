"""What this process holds and has read, as Linux tells it."""

import ctypes
import gc
import os
from pathlib import Path

__all__ = ["bytes_read", "held"]

PROCESS = Path("/proc/self")
SIZES = {"private": "RssAnon", "resident": "VmRSS", "peak": "VmHWM"}


def held() -> dict[str, int]:
    """Bytes of memory, now and at the peak, and the number of threads and of open files.

    `private` is what the process has for itself, once what is free is given back: where the next
    large array finds room would decide otherwise. `resident` also counts the pages of libraries
    and memory maps that are in memory now, which the system takes back when it needs the room.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    lines = (PROCESS / "status").read_text().splitlines()
    found = {name: values.split()[:1] for name, values in (line.split(":", 1) for line in lines)}
    sizes = {name: 1024 * int(found[mark][0]) for name, mark in SIZES.items()}
    files = len(os.listdir(PROCESS / "fd")) - 1  # less that of the folder
    return {**sizes, "threads": int(found["Threads"][0]), "files": files}


def bytes_read() -> int:
    """All bytes that the process has read from files, also those that the system had at hand."""
    line = (PROCESS / "io").read_text().splitlines()[0]
    return int(line.removeprefix("rchar:"))
