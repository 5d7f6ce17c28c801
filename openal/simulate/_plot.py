"""The runs as one figure: accuracy, precision, recall and wasted answers, round by round."""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from openal._optional import optional
from openal.simulate._styles import styles_of
from openal.simulate.loop import Run, Runs

__all__ = ["empty_drawing", "figure", "png", "png_or_none"]


@dataclass(frozen=True)
class Panel:
    """One of the four plots: its `heading`, the `values` of a run from round `first_round` on, and
    the `highest` value that there can be.
    """

    heading: str
    values: Callable[[Run], Sequence[float]]
    first_round: int = 0  # before the first query nothing is found and nothing is wasted
    highest: float = 1.0


PANELS = (
    Panel("Accuracy on known classes", lambda run: run.accuracy),
    Panel("Precision: share of known among the asked", lambda run: run.precision, first_round=1),
    Panel("Recall: share of the pool's known items found", lambda run: (0.0, *run.recall)),
    Panel("Answers spent on unknown items", lambda run: (0, *run.wasted), highest=np.inf),
)


def figure(runs: Runs, title: str = "") -> Any:
    """A matplotlib figure, mean ± sd over the seeds; no window opens, no global state changes."""
    drawing = empty_drawing(10, 7.5)
    for axes, panel in zip(drawing.subplots(2, 2).flat, PANELS, strict=True):
        for name, style in styles_of(runs).items():
            curves = np.array([panel.values(run) for run in runs[name].values()], float)
            _band(axes, panel, curves, style.color)
            look = {"color": style.color, "marker": style.marker, "linestyle": style.dashes}
            _line(axes, panel, curves, label=name, **look)
        _dress(axes, panel)
    handles, names = axes.get_legend_handles_labels()
    drawing.legend(handles, names, loc="outside lower center", ncols=6, frameon=False)
    # Names are not formulas, whatever dollars are in them.
    drawing.suptitle(title, x=0.01, ha="left", fontsize=11, color="#444444", parse_math=False)
    return drawing


def empty_drawing(width: float, height: float) -> Any:
    """A figure of matplotlib without pyplot: the user's backend is neither loaded nor changed."""
    if sys.modules.get("matplotlib") is None:
        _import_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawing)
    return drawing


def _import_matplotlib() -> None:
    """Import it also where MPLBACKEND names what is not installed, as in a notebook's shell.

    Matplotlib takes the name when it is imported, and fails there if it does not know it.
    """
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        matplotlib = optional("matplotlib", "a figure")
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):  # it is not known, and nothing of ours needs it
            matplotlib.rcParams["backend"] = backend


def png_or_none(paint: Callable[[], Any], what: str, dpi: int = 150) -> bytes | None:
    """The PNG file of the figure that `paint` makes, or None and a warning where it cannot be.

    What was computed must not be lost to a font, a style or a broken installation.
    """
    try:
        return png(paint(), dpi)
    except Exception as error:  # whatever matplotlib and a user's matplotlibrc may raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        warnings.warn(f"{what} could not be drawn, and is left out: {reason:.300}", stacklevel=2)
        return None


def png(drawing: Any, dpi: int = 150) -> bytes:
    """A figure of matplotlib as a PNG file."""
    file = BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # names in a script without a font
        drawing.savefig(file, format="png", dpi=dpi)
    return file.getvalue()


def _line(axes: Any, panel: Panel, curves: np.ndarray, **style: str) -> None:
    """The mean of the curves [seeds, rounds]."""
    rounds = np.arange(curves.shape[1]) + panel.first_round
    axes.plot(
        rounds, curves.mean(axis=0), linewidth=1.8, markersize=6, markeredgecolor="white", **style
    )


def _band(axes: Any, panel: Panel, curves: np.ndarray, color: str) -> None:
    """One standard deviation to either side, as far as values can go."""
    if len(curves) < 2:
        return
    rounds = np.arange(curves.shape[1]) + panel.first_round
    mean, deviation = curves.mean(axis=0), curves.std(axis=0, ddof=1)
    low, high = (np.clip(mean + d, 0, panel.highest) for d in (-deviation, deviation))
    axes.fill_between(rounds, low, high, color=color, alpha=0.08, linewidth=0)


def _dress(axes: Any, panel: Panel) -> None:
    axes.set_title(panel.heading, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel("round")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.margins(y=0.03)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
