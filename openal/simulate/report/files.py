"""Each figure as a picture and as a table of its numbers, in a folder beside the page."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

from openal.files import write_whole
from openal.simulate.report.figure import Figure
from openal.simulate.report.markup import sheet

__all__ = ["png", "write_figure"]


def write_figure(folder: Path, name: str, figure: Figure) -> None:
    """The files `name.png` and `name.csv`."""
    write_whole(folder / f"{name}.png", png(figure))
    write_whole(folder / f"{name}.csv", sheet(figure.rows()))


def png(figure: Figure) -> bytes:
    """The figure on white; no window opens, no global state changes."""
    from matplotlib.figure import Figure as Drawing

    drawing: Any = Drawing(figsize=(7, 4.2), layout="constrained")
    figure.paint(drawing)
    drawing.suptitle(figure.title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    for axes in drawing.axes:
        axes.spines[["top", "right"]].set_visible(False)
    file = BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # names in a script without a font
        drawing.savefig(file, format="png", dpi=130)
    return file.getvalue()
