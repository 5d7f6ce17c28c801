"""Who looked at which image when the server was killed: a file that may be lost without harm.

It is not synced to the disk: what the ledger has is the truth. Without the file, an image that a
window shows may be asked in another one after a restart; the second answer is then refused.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from openal.label._posts import WINDOW

__all__ = ["keep_leases", "kept_leases"]

LARGEST = 2**20  # bytes


def kept_leases(path: Path | None) -> dict[str, list[int]]:
    """The images of each window, as they were kept; nothing where that cannot be read."""
    with suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
        if path is not None and path.stat().st_size < LARGEST:
            kept = json.loads(path.read_text(encoding="ascii"))
            return {
                window: [index for index in held if type(index) is int]
                for window, held in kept.items()
                if WINDOW.fullmatch(window)
            }
    return {}


def keep_leases(path: Path | None, held: Mapping[str, list[int]]) -> None:
    """Write the images of each window; a disk that is full is not worth a refusal."""
    if path is None:
        return
    part = path.with_name(f"{path.name}.part")
    with suppress(OSError):
        part.write_text(json.dumps({**held}), encoding="ascii")
        os.replace(part, path)
