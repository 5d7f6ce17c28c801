"""Images as a browser shows them: read by index, made small, encoded anew, remembered."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, final

from xxhash import xxh3_128_hexdigest

from openal._image_reader import Reading, read_image, why_unread
from openal.store._stamps import NO_SUM, UNSEEN, Stamp, look, read_stamp

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

    @cached_property
    def tag(self) -> str:
        """What tells it from any other."""
        return xxh3_128_hexdigest(self.content)


@final
class Images:
    """The images of `path_of`, encoded; the last `memory` bytes of them are remembered.

    A file is looked at each time: one that was replaced is read again.

    No more than what the eye sees leaves the file: neither EXIF nor where a photo was taken.
    """

    def __init__(
        self,
        path_of: Callable[[int], Path],
        reading: Reading | None = None,
        memory: int = MEMORY,
    ) -> None:
        self._path_of, self._reading, self._memory = path_of, reading or Reading(), memory
        self._kept: OrderedDict[tuple[bytes, str], Encoded] = OrderedDict()
        self._shown: dict[int, Stamp] = {}
        self._lock = threading.Lock()

    def encoded(self, index: int, size: str) -> Encoded:
        """An image at one of SIDES, or an `UnreadableError`."""
        try:
            path = self._path_of(index)
            stamp = self._stamp(index, path)
            made = self._remembered((stamp.sum, size))
            if made is None:
                made = _encoded(read_image(path, self._reading)[0], SIDES[size])
                self._remember((stamp.sum, size), made)
        except Exception as error:  # a file may be broken in any way
            raise UnreadableError(why_unread(error)) from error
        self._shown[index] = stamp
        return made

    def sum_of(self, index: int) -> str | None:
        """The checksum of the file of an image as it was last shown; None where it was not."""
        stamp = self._shown.get(index)
        return None if stamp is None else stamp.sum.hex()

    def _stamp(self, index: int, path: Path) -> Stamp:
        """The stamp of a file, which is read where it may be another than the one that was shown.

        Of one that cannot be read it has no checksum, and whoever decodes it hears why.
        """
        before, now = self._shown.get(index), look(str(path))
        if before is not None and before.hint == now:
            return before
        return read_stamp(str(path)) or Stamp(NO_SUM, UNSEEN)

    def _remembered(self, key: tuple[bytes, str]) -> Encoded | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _remember(self, key: tuple[bytes, str], made: Encoded) -> None:
        with self._lock:
            self._kept[key] = made
            while sum(len(kept.content) for kept in self._kept.values()) > self._memory:
                self._kept.popitem(last=False)


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
