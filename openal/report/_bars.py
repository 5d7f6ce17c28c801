"""Answers stacked round by round: what was spent on unknown items, and the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from openal.report._svg import KNOWN, UNKNOWN, cut, element, plain, text
from openal.simulate.metrics import spread

__all__ = ["Bar", "Bars"]

WIDTH, LEFT, RIGHT, ROW, THICK = 400, 108, 74, 26, 16


@dataclass(frozen=True, eq=False)
class Bar:
    """Answers of a strategy by seed and round [S, R]: those on unknown items, and all."""

    name: str
    unknown: np.ndarray
    asked: np.ndarray

    @property
    def wasted(self) -> str:
        """All answers on unknown items, with their spread over seeds."""
        return spread(self.unknown.sum(axis=1).tolist()).shown("{:.0f}".format)

    @property
    def total(self) -> float:
        """All answers, the mean over seeds."""
        return float(self.asked.sum(axis=1).mean())

    @property
    def steps(self) -> list[float]:
        """Answers on unknown items in each round [R], the mean over seeds."""
        return [float(mean) for mean in self.unknown.mean(axis=0)]


@dataclass(frozen=True, eq=False)
class Bars:
    """A figure of horizontal bars, the least wasted on top."""

    key: str
    title: str
    note: str
    bars: Sequence[Bar]

    def html(self) -> str:
        """The figure as SVG."""
        scale = (WIDTH - LEFT - RIGHT) / max(bar.total for bar in self.bars)
        rows = [_row(bar, at * ROW, scale) for at, bar in enumerate(self._sorted())]
        title = element("title", text(self.title))
        return element(
            "svg", title, *rows, viewBox=f"0 0 {WIDTH} {ROW * len(rows) + 4}", role="img"
        )

    def paint(self, drawing: Any) -> None:
        """The figure by matplotlib."""
        axes = drawing.subplots()
        bars = self._sorted()[::-1]
        for at, bar in enumerate(bars):
            axes.barh(at, bar.total, color=KNOWN, alpha=0.25, height=0.65)
            starts = np.cumsum([0.0, *bar.steps[:-1]])
            axes.barh(
                [at] * len(starts),
                bar.steps,
                left=starts,
                color=UNKNOWN,
                height=0.65,
                edgecolor="white",
                linewidth=0.6,
            )
            axes.text(bar.total, at, f" {bar.wasted}", va="center")
        axes.set_yticks(range(len(bars)), [plain(bar.name) for bar in bars], parse_math=False)
        drawing.set_figheight(0.3 * len(bars) + 1.4)
        axes.set_xlabel("answers")
        axes.margins(x=0.15)

    def rows(self) -> list[list[object]]:
        """Strategy, round, mean answers on unknown items and in all, number of seeds."""
        rows: list[list[object]] = [["strategy", "round", "unknown", "asked", "seeds"]]
        for bar in self.bars:
            columns = zip(bar.steps, bar.asked.mean(axis=0).tolist(), strict=True)
            rows += [[bar.name, at, *row, len(bar.asked)] for at, row in enumerate(columns, 1)]
        return rows

    def _sorted(self) -> list[Bar]:
        return sorted(self.bars, key=lambda bar: sum(bar.steps))


def _row(bar: Bar, top: float, scale: float) -> str:
    """Name, one piece per round, the rest, and the number."""
    place = {"y": top + 4, "height": THICK}
    label = {"y": top + 16}
    edges = np.cumsum([0.0, *bar.steps]) * scale + LEFT
    pieces = [
        element("rect", x=left, width=max(right - left - 0.6, 0.2), class_="unknown", **place)
        for left, right in pairwise(edges.tolist())
        if right - left > 0.05
    ]
    rest = max(LEFT + bar.total * scale - float(edges[-1]), 0)
    return element(
        "g",
        element("title", text(f"{bar.name}: {bar.wasted} of {bar.total:.0f} answers")),
        element("text", text(cut(bar.name)), x=LEFT - 8, class_="end", **label),
        *pieces,
        element("rect", x=float(edges[-1]), width=rest, class_="known", **place),
        element("text", bar.wasted, x=LEFT + bar.total * scale + 6, class_="number", **label),
    )
