"""One reader of image files: what people see in a file, as three colors of 8 bits.

The rules, for every command and learner that reads files:

- An EXIF orientation is applied. A broken EXIF block turns nothing.
- Of an animation, or of several pages, the first frame is read (`Note.FRAMES`). The previews
  beside a phone's photo and the layers of a PSD are no frames.
- Unsigned integers of more than 8 bits are mapped from the full range of their type; TIFF's own
  number of bits counts, and `Reading(bits=12)` says it where a file does not. Brighter values are
  white (`Note.CLIPPED`); an image of less than a sixteenth of the range is dark (`Note.DARK`).
- Floats and signed or 32-bit integers are mapped from the range of the image, its smallest finite
  value black and its largest white (`Note.RANGE`); NaN and an image of one value become black.
- What is transparent shows white.
- CMYK, YCbCr, HSV and palettes are converted as Pillow does, LAB by its profile; embedded color
  profiles are not applied.
- More than `Reading.max_pixels`, a truncated file, and formats that Pillow only names (HDF5, MPEG)
  or hands to another program (EPS) are errors, whatever the ending says.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from openal._checks import as_count
from openal._locks import ThreadLock
from openal.errors import ArgumentError

__all__ = [
    "MAX_PIXELS",
    "Note",
    "Notes",
    "Reading",
    "image_endings",
    "read_image",
    "reading_of",
    "why_unread",
]

MAX_PIXELS = 178_956_970
"""Where Pillow refuses: 1/2 GiB of three colors, twice over what it warns of."""

REFUSED = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})
"""Formats that Pillow tells apart but does not decode, and one that it hands to Ghostscript."""

ORIENTATION, WHITE = 0x0112, 255
BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339  # tags of TIFF
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""The transposition of Pillow that undoes each EXIF orientation."""


class Note(IntFlag):
    """A rule worth a word that was used on an image."""

    FRAMES = 1
    RANGE = 2
    DARK = 4
    CLIPPED = 8


SAID = {
    Note.FRAMES: "with several frames or pages, of which the first is read",
    Note.RANGE: "of floats, signed or 32-bit numbers, mapped from the range of the image",
    Note.DARK: "nearly black, with less than a sixteenth of the range of their type (--bits 12, if "
    "a camera of 12 bits made them)",
    Note.CLIPPED: "with values above what --bits says, which are white",
}


@dataclass(frozen=True)
class Reading:
    """How files are read where they leave a choice.

    `max_pixels` is the largest image that is decoded; `bits`, 9 to 16, how many bits a pixel of an
    unsigned 16-bit image has (None: as many as the file says, mostly 16).
    """

    max_pixels: int = MAX_PIXELS
    bits: int | None = None

    def __post_init__(self) -> None:
        as_count(self.max_pixels, "max_pixels", minimum=1)
        if self.bits is not None and not 9 <= as_count(self.bits, "bits") <= 16:
            raise ArgumentError(f"bits must be 9 to 16, got {self.bits}.")


def reading_of(max_pixels: int | None, bits: int | None) -> Reading:
    """How files are read where arguments of a command may be None."""
    return Reading(MAX_PIXELS if max_pixels is None else max_pixels, bits)


def read_image(path: Path, reading: Reading | None = None) -> tuple[Any, Note]:
    """The PIL image, mode RGB, of a file, and the rules worth a word that were used on it."""
    reading = reading or Reading()
    if not path.is_file():  # a pipe would never end
        raise ArgumentError("no plain file")
    limit = _lifted() if reading.max_pixels > MAX_PIXELS else nullcontext()
    with limit, path.open("rb") as file:
        image = _opened(file, path)
        _require_size(image, reading.max_pixels)
        frames = Note.FRAMES if _has_frames(image) else Note(0)
        image.load()
        colored, note = _colored(image, reading.bits)
        turn = TURNS.get(_orientation(image))
        return (colored if turn is None else colored.transpose(turn)), frames | note


def why_unread(error: Exception) -> str:
    """Why a file could not be read, in a few words."""
    return f"{type(error).__name__}: {error}"[:300]


def image_endings() -> frozenset[str]:
    """The endings of the files that Pillow can read here, in lower case."""
    from PIL import Image

    kinds = {*_kinds()}
    return frozenset(end for end, kind in Image.registered_extensions().items() if kind in kinds)


class Notes:
    """The notes on the images of a folder, gathered by all processes that read them."""

    def __init__(self, count: int) -> None:
        self._flags = torch.zeros(count, dtype=torch.uint8, device="cpu")
        with suppress(RuntimeError, OSError):  # no shared memory: what this process reads counts
            self._flags.share_memory_()

    def add(self, index: int, note: Note) -> None:
        """Keep the note on an image."""
        self._flags[index] = int(note)

    def lines(self, names: Sequence[str]) -> list[str]:
        """A sentence for each rule that was used: how many images, what of them, the first."""
        lines = []
        for note, said in SAID.items():
            rows = np.flatnonzero(self._flags.numpy() & note)
            if len(rows):
                more = ", ..." if len(rows) > 1 else ""
                images = "image" if len(rows) == 1 else "images"
                lines.append(f"{len(rows)} {images} {said}: {names[rows[0]]}{more}")
        return lines


_lifting = ThreadLock()


@contextmanager
def _lifted() -> Iterator[None]:
    """Pillow without a limit of its own, which the whole process shares: one thread at a time."""
    from PIL import Image

    with _lifting.lock:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@cache
def _plugins() -> None:
    """What reads HEIC, where it is installed."""
    with suppress(ImportError):
        import_module("pillow_heif").register_heif_opener()


def _kinds() -> list[str]:
    """The formats that are read, in Pillow's order."""
    from PIL import Image

    _plugins()
    Image.init()
    return [kind for kind in Image.ID if kind in Image.OPEN and kind not in REFUSED]


def _opened(file: IO[bytes], path: Path) -> Any:
    """`PIL.Image.open` without its warning, and without the formats that are refused."""
    from PIL import Image, UnidentifiedImageError

    prefix, reasons = file.read(16), []
    if not prefix:
        raise UnidentifiedImageError("cannot identify image file (it is empty)")
    for kind in _kinds():
        factory, accept = Image.OPEN[kind]
        try:
            accepted = accept is None or accept(prefix)
            if isinstance(accepted, str):
                reasons.append(accepted)
            elif accepted:
                file.seek(0)
                return factory(file, str(path))
        except Image.DecompressionBombError as error:
            why = str(error).partition(",")[0]
            raise Image.DecompressionBombError(f"{why}; a larger --max-pixels reads it") from error
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            if accept is not None:
                reasons.append(f"as {kind}: {error}")
    why = f" ({'; '.join(reasons)})" if reasons else ""
    raise UnidentifiedImageError(f"cannot identify image file{why}")


def _require_size(image: Any, max_pixels: int) -> None:
    from PIL import Image

    width, height = image.size
    if width * height > max_pixels:
        raise Image.DecompressionBombError(
            f"{width} x {height} pixels are more than {max_pixels}; "
            f"--max-pixels {width * height} reads it"
        )


def _has_frames(image: Any) -> bool:
    try:
        return image.format not in ("MPO", "PSD") and bool(getattr(image, "is_animated", False))
    except Exception:  # a later frame may be broken in any way
        return False


def _orientation(image: Any) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a broken block of EXIF turns nothing
        return 1


def _colored(image: Any, bits: int | None) -> tuple[Any, Note]:
    """A loaded image of any mode as RGB."""
    signed = getattr(image, "tag_v2", {}).get(SAMPLE_FORMAT, (1,))[0] == 2
    if image.mode[0] in "IF" or (image.mode == "L" and signed):
        return _from_numbers(image, bits)
    if image.mode == "LAB":
        return _from_lab(image), Note(0)
    return (_on_white(image) if _is_transparent(image) else image.convert("RGB")), Note(0)


def _is_transparent(image: Any) -> bool:
    palette = image.palette.mode if image.mode == "P" and image.palette else ""
    return image.mode.endswith(("A", "a")) or palette == "RGBA" or "transparency" in image.info


def _on_white(image: Any) -> Any:
    from PIL import Image

    shown = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    ground = Image.new("RGBA", shown.size, (WHITE,) * 4)
    return Image.alpha_composite(ground, shown).convert("RGB")


def _from_lab(image: Any) -> Any:
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")


def _from_numbers(image: Any, bits: int | None) -> tuple[Any, Note]:
    from PIL import Image

    values, tags = np.asarray(image), getattr(image, "tag_v2", {})
    if image.mode in "LF" or (image.mode == "I" and image.format not in ("PNG", "PPM")):
        unsigned = image.mode == "I" and tags.get(SAMPLE_FORMAT, (2,))[0] == 1
        kind = "int8" if image.mode == "L" else "uint32" if unsigned else values.dtype
        gray, note = _of_own_range(values.view(kind)), Note.RANGE
    else:
        top = 2 ** (bits or tags.get(BITS_PER_SAMPLE, (16,))[0]) - 1
        gray, note = _of_full_range(values, top)
    if tags.get(PHOTOMETRIC) == 0:  # white is zero, as in many X-rays
        gray = WHITE - gray
    if isinstance(clear := image.info.get("transparency"), int):
        gray = np.where(values == clear, np.uint8(WHITE), gray)
    return Image.fromarray(gray).convert("RGB"), note


def _of_full_range(values: np.ndarray, top: int) -> tuple[np.ndarray, Note]:
    """Unsigned integers [H, W] of 0..top at 0..255."""
    table = np.rint(np.arange(2**16) * (WHITE / top)).clip(0, WHITE).astype(np.uint8)
    largest = int(values.max(initial=0))
    note = Note.CLIPPED if largest > top else Note.DARK if 0 < largest < top / 16 else Note(0)
    return table[values.astype(np.uint16)], note


def _of_own_range(values: np.ndarray) -> np.ndarray:
    """Numbers [H, W] from their smallest finite one at 0 to their largest at 255."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not len(finite):
        raise ArgumentError("it holds no finite number")
    low, high = finite.min(), finite.max()
    scale = WHITE / (high - low) if high > low else 0.0
    gray = np.nan_to_num((values.clip(low, high) - low) * scale, nan=0.0)
    return np.asarray(np.rint(gray), np.uint8)
