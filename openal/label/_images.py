"""Images as a browser shows them: read by index, made small, encoded anew, remembered."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, final

from openal._image_reader import Reading, read_image, why_unread

__all__ = ["SIDES", "Encoded", "Images", "UnreadableError"]

SIDES = {"small": 480, "screen": 1600, "full": 4096}
"""The longest side of an image by the name of its size."""

MEMORY = 64 * 2**20  # bytes
EXACT = 256**2
"""Up to so many pixels no compression may blur: they are shown enlarged."""

QUALITY = 90


class UnreadableError(Exception):
    """An image that cannot be shown, and why."""


@dataclass(frozen=True)
class Encoded:
    """A file for the browser."""

    content: bytes
    kind: str


@final
class Images:
    """The images of `path_of`, encoded; the last `memory` bytes of them are remembered.

    No more than what the eye sees leaves the file: neither EXIF nor where a photo was taken.
    """

    def __init__(
        self,
        path_of: Callable[[int], Path],
        reading: Reading | None = None,
        memory: int = MEMORY,
    ) -> None:
        self._path_of, self._reading, self._memory = path_of, reading or Reading(), memory
        self._kept: OrderedDict[tuple[int, str], Encoded] = OrderedDict()
        self._lock = threading.Lock()

    def encoded(self, index: int, size: str) -> Encoded:
        """An image at one of SIDES, or an `UnreadableError`."""
        key = index, size
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._made(index, SIDES[size])
        with self._lock:
            self._kept[key] = made
            while sum(len(kept.content) for kept in self._kept.values()) > self._memory:
                self._kept.popitem(last=False)
        return made

    def _made(self, index: int, side: int) -> Encoded:
        try:
            image, _ = read_image(self._path_of(index), self._reading)
            return _encoded(image, side)
        except Exception as error:  # a file may be broken in any way
            raise UnreadableError(why_unread(error)) from error


def _encoded(image: Any, side: int) -> Encoded:
    image.thumbnail((side, side), reducing_gap=2.0)
    clean = image.copy()
    clean.info = {}
    file = BytesIO()
    if clean.width * clean.height <= EXACT:
        clean.save(file, "PNG")
        return Encoded(file.getvalue(), "image/png")
    clean.save(file, "JPEG", quality=QUALITY)
    return Encoded(file.getvalue(), "image/jpeg")
