"""What every figure of the page can do, and each as a picture and a table in a folder beside it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from openal._files import write_whole
from openal.report._svg import sheet
from openal.simulate._plot import empty_drawing, png_or_none
from openal.simulate._styles import Style

__all__ = ["Figure", "Styles", "drawn", "write_figure"]

Styles = Mapping[str, Style]
"""The look of each strategy, in the order of all."""


class Figure(Protocol):
    """Something to look at: on the page, as a picture, and as a table of its numbers."""

    @property
    def key(self) -> str:
        """The name of its files."""

    @property
    def title(self) -> str:
        """What it shows."""

    @property
    def note(self) -> str:
        """How to read it."""

    def html(self) -> str:
        """Its markup on the page."""

    def paint(self, drawing: Any) -> None:
        """The same on a figure of matplotlib."""

    def rows(self) -> list[list[object]]:
        """Its numbers, under a row of headings."""


def write_figure(folder: Path, name: str, figure: Figure) -> None:
    """The files `name.png` and `name.csv`; the first is left out where it cannot be drawn."""
    picture = png_or_none(partial(drawn, figure), f"{name}.png", dpi=130)
    if picture is not None:
        write_whole(folder / f"{name}.png", picture)
    write_whole(folder / f"{name}.csv", sheet(figure.rows()))


def drawn(figure: Figure, width: float = 7.0) -> Any:
    """The figure by matplotlib, on white; no window opens, no global state changes."""
    drawing = empty_drawing(width, 0.6 * width)
    figure.paint(drawing)
    drawing.suptitle(figure.title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    for axes in drawing.axes:
        axes.spines[["top", "right"]].set_visible(False)
    return drawing
