"""Paired differences to the baseline, each with its confidence interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openal.report._statistics import percent, signed
from openal.report._svg import Scale, cut, element, fitted, plain, short, text
from openal.simulate._differences import Difference
from openal.simulate._styles import Style

__all__ = ["Interval", "Intervals"]

WIDTH, LEFT, RIGHT, ROW, BOTTOM = 400, 108, 58, 26, 36


@dataclass(frozen=True)
class Interval:
    """What a strategy is better by than the baseline: its `name`, `style` and `difference`."""

    name: str
    style: Style
    difference: Difference

    @property
    def reach(self) -> tuple[float, float]:
        """From where to where it is drawn."""
        return self.difference.interval or (self.difference.mean, self.difference.mean)


@dataclass(frozen=True)
class Intervals:
    """A figure of differences around zero; shares, shown as percentage points."""

    key: str
    title: str
    note: str
    intervals: Sequence[Interval]

    def html(self) -> str:
        """The figure as SVG."""
        ends = [end for interval in self.intervals for end in interval.reach]
        scale = fitted([0.0, *ends], LEFT, WIDTH - RIGHT)
        bottom = ROW * len(self.intervals) + 4
        rows = [_row(one, at * ROW + 15, scale) for at, one in enumerate(self.intervals)]
        return element(
            "svg",
            element("title", text(self.title)),
            _axis(scale, bottom),
            *rows,
            viewBox=f"0 0 {WIDTH} {bottom + BOTTOM}",
            role="img",
        )

    def paint(self, drawing: Any) -> None:
        """The figure by matplotlib."""
        axes = drawing.subplots()
        axes.axvline(0, color="#777777", linewidth=1)
        for at, one in enumerate(self.intervals):
            look = {"color": one.style.color, "marker": one.style.marker}
            axes.plot([100 * end for end in one.reach], [at, at], color=one.style.color, lw=2)
            axes.plot([100 * one.difference.mean], [at], linestyle="", **look)
        names = [plain(one.name) for one in self.intervals]
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.invert_yaxis()
        drawing.set_figheight(0.3 * len(names) + 1.4)
        axes.set_xlabel("percentage points")

    def rows(self) -> list[list[object]]:
        """Strategy, mean difference, ends of the interval, number of pairs."""
        rows: list[list[object]] = [["strategy", "difference", "low", "high", "seeds"]]
        for one in self.intervals:
            ends = one.difference.interval or ("", "")
            rows.append([one.name, one.difference.mean, *ends, one.difference.n])
        return rows


def _axis(scale: Scale, bottom: float) -> str:
    """Zero, and what the values are."""
    marks = [
        element("path", d=f"M{short(scale(tick))} 2V{bottom}", class_="" if tick else "zero")
        + element("text", _tick(tick), x=scale(tick), y=bottom + 15, class_="middle")
        for tick in scale.ticks()
    ]
    middle = (scale.start + scale.end) / 2
    title = element("text", "percentage points", x=middle, y=bottom + 32, class_="middle")
    return element("g", *marks, title, class_="grid")


def _row(one: Interval, y: float, scale: Scale) -> str:
    low, high = (short(scale(end)) for end in one.reach)
    marker = f"M{short(scale(one.difference.mean))} {short(y)}{one.style.shape}"
    number = signed(percent(one.difference.mean))
    bold = "number clear" if one.difference.clear else "number"
    return element(
        "g",
        element("text", text(cut(one.name)), x=LEFT - 8, y=y + 3.5, class_="end"),
        element("path", d=f"M{low} {short(y)}H{high}", class_="line"),
        element("path", d=marker, class_="marker"),
        element("text", number, x=WIDTH - RIGHT + 8, y=y + 3.5, class_=bold),
        class_=f"{one.style.classes} interval",
    )


def _tick(share: float) -> str:
    return signed(f"{100 * share:.4g}")
