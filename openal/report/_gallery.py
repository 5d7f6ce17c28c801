"""The images that were chosen, with the border of what they turned out to be."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from openal._words import printable
from openal.report._items import Items
from openal.report._svg import KNOWN, UNKNOWN, element, plain, text

__all__ = ["Gallery", "Sheet", "Tile"]

COLUMNS = 40
SIZE = 32


@dataclass(frozen=True)
class Tile:
    """A chosen item: its dataset index, class, and group ("known", "unknown" or "item")."""

    index: int
    name: str
    group: str


@dataclass(frozen=True, eq=False)
class Sheet:
    """The images of a page on one picture, each once; `number` tells sheets apart."""

    items: Items
    number: int
    places: dict[int, int]  # of a dataset index on the sheet

    def image(self, index: int) -> np.ndarray:
        """The small image of an item, uint8 [32, 32, 3]."""
        rows = np.flatnonzero(self.items.thumbnail_indices == index)
        thumbnail: np.ndarray = self.items.thumbnails[rows[0]]
        return thumbnail

    def css(self) -> str:
        """The picture as a style; images stand on it as squares of `--side`."""
        side = f"calc(var(--side)*{COLUMNS})"
        data = base64.b64encode(self._jpeg()).decode()
        url = f"url(data:image/jpeg;base64,{data})"
        return f".sheet{self.number}{{background-image:{url};background-size:{side} auto}}"

    def _jpeg(self) -> bytes:
        from PIL import Image

        height = SIZE * -(-len(self.places) // COLUMNS)
        sheet = np.zeros((height, SIZE * COLUMNS, 3), np.uint8)
        for index, place in self.places.items():
            y, x = (SIZE * cell for cell in divmod(place, COLUMNS))
            sheet[y : y + SIZE, x : x + SIZE] = self.image(index)
        file = BytesIO()
        Image.fromarray(sheet).save(file, format="jpeg", quality=82, subsampling=0)
        return file.getvalue()


@dataclass(frozen=True, eq=False)
class Gallery:
    """A figure of rows of images, one per strategy, in the order of its query."""

    key: str
    title: str
    note: str
    rows_of: Sequence[tuple[str, Sequence[Tile]]]
    sheet: Sheet

    def html(self) -> str:
        """The rows as HTML."""
        rows = [
            element("div", element("h4", text(name)), self._strip(tiles), class_="row")
            for name, tiles in self.rows_of
        ]
        return element("div", *rows, class_="gallery")

    def paint(self, drawing: Any) -> None:
        """The rows by matplotlib."""
        drawing.set_size_inches(8, 0.75 * len(self.rows_of) + 0.6)
        axes = drawing.subplots()
        width = max(len(tiles) for _, tiles in self.rows_of)
        axes.imshow(np.concatenate([self._mosaic(tiles, width) for _, tiles in self.rows_of]))
        names = [plain(name) for name, _ in self.rows_of]
        middles = [(SIZE + 8) * (at + 0.5) for at in range(len(names))]
        axes.set_yticks(middles, names, parse_math=False)
        axes.set_xticks([])
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)

    def rows(self) -> list[list[object]]:
        """Strategy, place in the query, dataset index, class, group."""
        rows: list[list[object]] = [["strategy", "place", "index", "class", "group"]]
        for name, tiles in self.rows_of:
            for place, tile in enumerate(tiles, 1):
                rows.append([name, place, tile.index, tile.name, tile.group])
        return rows

    def _strip(self, tiles: Iterable[Tile]) -> str:
        return element("div", *(self._tile(tile) for tile in tiles), class_="strip")

    def _tile(self, tile: Tile) -> str:
        y, x = divmod(self.sheet.places[tile.index], COLUMNS)
        words = tile.name if tile.group == "item" else f"{tile.name}, {tile.group}"
        look = f"tile sheet{self.sheet.number} {tile.group}"
        said = printable(words)
        return element(
            "i", class_=look, style=f"--x:{x};--y:{y}", role="img", aria_label=said, title=said
        )

    def _mosaic(self, tiles: Sequence[Tile], width: int) -> np.ndarray:
        """Images side by side with colored borders, uint8 [40, 40 width, 3]."""
        colors = {"known": KNOWN, "unknown": UNKNOWN}
        row = np.full((SIZE + 8, (SIZE + 8) * width, 3), 255, np.uint8)
        for at, tile in enumerate(tiles):
            left = (SIZE + 8) * at
            color = colors.get(tile.group, "#999999").lstrip("#")
            row[1:-1, left + 1 : left + SIZE + 7] = list(bytes.fromhex(color))
            row[4:-4, left + 4 : left + SIZE + 4] = self.sheet.image(tile.index)
        return row
