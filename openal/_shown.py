"""A query to look at: a grid of small images for a notebook, a table for a terminal."""

import base64
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, final

import numpy as np
from torch import Tensor

from openal._checks import as_count
from openal._image_reader import read_image
from openal._items import item_input
from openal.errors import ArgumentError

__all__ = ["Shown", "shown"]

STYLE = (
    "display:inline-block;vertical-align:top;margin:4px;font:12px sans-serif;overflow-wrap:anywhere"
)
COLUMNS = ("purity", "informativeness")


@final
@dataclass(frozen=True)
class Shown:
    """The items of a query: `names`, `numbers` (as text) and `images` (None where there is none).

    `size` is the height of an image in pixels. A notebook shows `_repr_html_`, whose images are in
    the text itself; `str` is a table.
    """

    names: tuple[str, ...]
    numbers: tuple[tuple[str, ...], ...]
    images: tuple[str | None, ...]
    size: int

    def __repr__(self) -> str:
        rows = [("item", *COLUMNS), *zip(self.names, *zip(*self.numbers, strict=True), strict=True)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = map(self._cell, self.names, self.numbers, self.images)
        return f"<div>{''.join(cells)}</div>"

    def _cell(self, name: str, numbers: tuple[str, ...], image: str | None) -> str:
        text = escape(name)
        about = "".join(
            f"<div>{what} {number}</div>"
            for what, number in zip(COLUMNS, numbers, strict=True)
            if number
        )
        picture = (
            f'<div style="height:{self.size}px">no image</div>'
            if image is None
            else f'<img src="{image}" alt="{text}" style="height:{self.size}px">'
        )
        return (
            f'<div style="{STYLE};width:{self.size + 24}px">{picture}<div>{text}</div>{about}</div>'
        )


def shown(query: Any, items: Any, folder: Path | None, size: int) -> Shown:
    """What `query.show` returns: of the images in `folder` by their keys, else of the `items`."""
    as_count(size, "size", minimum=1)
    if folder is not None and query.keys is None:
        raise ArgumentError("folder needs the names of its files: Pool(..., keys=names).")
    if folder is not None and not folder.is_dir():
        raise ArgumentError(f"folder must be one with the images, got {str(folder)!r}.")
    indices = query.indices.tolist()
    names = query.keys or tuple(map(str, indices))
    images = [
        _thumbnail(folder / name if folder is not None else _item(items, index, name), size)
        for index, name in zip(indices, names, strict=True)
    ]
    columns = [_told(getattr(query, column), len(indices)) for column in COLUMNS]
    return Shown(tuple(names), tuple(zip(*columns, strict=True)), tuple(images), size)


def _told(values: Tensor | None, count: int) -> list[str]:
    return [""] * count if values is None else [f"{value:.3g}" for value in values.tolist()]


def _item(items: Any, index: int, name: str) -> Any:
    """The input of an item; without a data set the file that its key names."""
    if items is None:
        return None if name.isdecimal() else Path(name)
    try:
        return item_input(items[index])
    except Exception:  # whatever a data set of the user's raises: the rest is still to be seen
        return None


def _thumbnail(value: Any, size: int) -> str | None:
    """A small JPEG as the text of an address, or None for what cannot be seen as an image."""
    try:
        image = _as_image(value)
    except Exception:  # a broken file, of which Pillow raises many kinds of errors
        return None
    if image is None:
        return None
    image.thumbnail((2 * size, size))
    file = BytesIO()
    image.save(file, format="jpeg", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def _as_image(value: Any) -> Any:
    """The value as a PIL image of three colors: a path, an image, or an array of pixels."""
    from PIL import Image

    if isinstance(value, str | Path):
        return read_image(Path(value))[0]
    if isinstance(value, Image.Image):
        return value.convert("RGB")
    if not isinstance(value, Tensor | np.ndarray):
        return None
    array = np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)
    pixels = _as_pixels(array)
    return None if pixels is None else Image.fromarray(pixels).convert("RGB")


def _as_pixels(array: np.ndarray) -> np.ndarray | None:
    """Bytes [height, width] or [height, width, 3]; None for what is no image.

    What is no byte is mapped from the range of the array: a normalized image is seen, if not in
    its colors.
    """
    if array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[2] not in (1, 3):
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and array.shape[2] != 3):
        return None
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    values = np.nan_to_num(array.astype(np.float64))
    low, high = float(values.min()), float(values.max())
    low, high = (0.0, 1.0) if low >= 0.0 and high <= 1.0 else (low, high)
    scaled: np.ndarray = (values - low) * (255.0 / max(high - low, 1e-12))
    return scaled.round().astype(np.uint8)
