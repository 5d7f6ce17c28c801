"""Curves against rounds as SVG: one line per strategy, a band for the spread over seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openal.report._svg import Scale, cut, element, fitted, plain, short, text
from openal.simulate._styles import Style

__all__ = ["Line", "Lines", "curve", "grid", "names"]

MARKED = 12  # more markers hide the line
NARROW = 5.0  # inches


@dataclass(frozen=True, eq=False)
class Line:
    """Values of the seeds [S, R], from round `first` on."""

    name: str
    style: Style
    values: np.ndarray
    first: int

    @property
    def rounds(self) -> list[int]:
        """The rounds of the values [R]."""
        return list(range(self.first, self.first + self.values.shape[1]))

    @property
    def mean(self) -> list[float]:
        """The means over seeds [R]."""
        return [float(mean) for mean in self.values.mean(axis=0)]

    @property
    def deviation(self) -> list[float] | None:
        """The standard deviations over seeds [R], or None for one seed."""
        if len(self.values) < 2:
            return None
        return [float(deviation) for deviation in self.values.std(axis=0, ddof=1)]

    def band(self, top: float) -> tuple[list[float], list[float]] | None:
        """Mean ± deviation, as far as values can go; or None for one seed."""
        if self.deviation is None:
            return None
        low, high = (
            np.clip(np.add(self.mean, sign * np.array(self.deviation)), 0, top) for sign in (-1, 1)
        )
        return low.tolist(), high.tolist()

    @property
    def every(self) -> int:
        """Which rounds have a marker: every so many."""
        return -(-len(self.rounds) // MARKED)


GAP = 13.5  # between names


def grid(across: Scale, upward: Scale, show: Callable[[float], str]) -> str:
    """Lines and numbers behind the curves."""
    left, bottom = across.start, upward.start
    rows = [
        element("path", d=f"M{short(left)} {short(upward(tick))}H{short(across.end)}")
        + element("text", text(show(tick)), x=left - 7, y=upward(tick) + 3.5, class_="end")
        for tick in upward.ticks()
    ]
    columns = [
        element("text", f"{tick:g}", x=across(tick), y=bottom + 16, class_="middle")
        for tick in across.ticks()
        if float(tick).is_integer()
    ]
    middle = (left + across.end) / 2
    title = element("text", "round", x=middle, y=bottom + 32, class_="middle")
    return element("g", *rows, *columns, title, class_="grid")


def curve(
    line: Line,
    across: Scale,
    upward: Scale,
    title: str,
    band: tuple[Sequence[float], Sequence[float]] | None,
) -> str:
    """A line with markers on its band; the title shows where one points."""
    xs = [across(x) for x in line.rounds]
    points = [(x, upward(y)) for x, y in zip(xs, line.mean, strict=True)]
    parts = [element("title", text(title))]
    if band is not None:
        low, high = (list(zip(xs, map(upward, side), strict=True)) for side in band)
        parts.append(element("path", class_="band", d=_path([*low, *high[::-1]]) + "z"))
    marks = "".join(f"M{short(x)} {short(y)}{line.style.shape}" for x, y in points[:: line.every])
    parts.append(element("path", class_="line", d=_path(points)))
    parts.append(element("path", class_="marker", d=marks))
    return element("g", *parts, class_=line.style.classes)


def names(lines: Sequence[Line], across: Scale, upward: Scale) -> str:
    """Each name at the end of its line, moved apart and joined to it where they crowd."""
    ends = sorted(((upward(line.mean[-1]), line) for line in lines), key=lambda end: end[0])
    places = apart([y for y, _ in ends], upward.end + 4, upward.start)
    x = across.end
    return "".join(
        element(
            "g",
            element("path", class_="line", d=_path([(x + 5, y), (x + 16, place)])),
            element("text", text(cut(line.name)), x=x + 19, y=place + 3.5),
            class_=f"name {line.style.classes}",
        )
        for (y, line), place in zip(ends, places, strict=True)
    )


def apart(wanted: Sequence[float], low: float, high: float) -> list[float]:
    """Ascending places at least GAP apart, near the wanted ones, within low and high if it fits.

    >>> apart([50, 51, 90], 0, 100), apart([98, 99], 0, 100)
    ([50, 63.5, 90], [86.5, 100])
    """
    places: list[float] = []
    for y in wanted:
        places.append(max(y, places[-1] + GAP if places else low))
    for at in reversed(range(len(places))):
        limit = high if at == len(places) - 1 else places[at + 1] - GAP
        places[at] = min(places[at], limit)
    return places


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points)


WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 116, 10, 36
LABELED = 12  # more names do not fit beside the plot


@dataclass(frozen=True, eq=False)
class Lines:
    """A figure of curves; `show` writes a value on the axis."""

    key: str
    title: str
    note: str
    lines: Sequence[Line]
    show: Callable[[float], str]
    top: float = float("inf")
    log: bool = False

    def html(self) -> str:
        """The figure as SVG."""
        across, upward = self._scales()
        curves = [
            curve(line, across, upward, self._words(line), self._band(line)) for line in self.lines
        ]
        return element(
            "svg",
            element("title", text(self.title)),
            grid(across, upward, self.show),
            element("g", *curves, class_="all"),
            names(self.lines, across, upward) if self._labeled else "",
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
        )

    def paint(self, drawing: Any) -> None:
        """The figure by matplotlib."""
        axes = drawing.subplots()
        for line in self.lines:
            look = {"color": line.style.color, "linestyle": line.style.dashes}
            mark = {"marker": line.style.marker, "markevery": line.every, "markersize": 5}
            axes.plot(line.rounds, line.mean, label=plain(line.name), **look, **mark)
            band = self._band(line)
            if band is not None:
                axes.fill_between(line.rounds, *band, color=line.style.color, alpha=0.1, lw=0)
        axes.set_xlabel("round")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if self.log:
            axes.set_yscale("log")
            axes.set_yticks(self._scales()[1].ticks())
            axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda value, _: self.show(value))
        self._name(drawing)

    def _name(self, drawing: Any) -> None:
        """Names beside the lines, or below them where it is narrow; it grows with their number."""
        width, names = drawing.get_figwidth(), len(self.lines)
        beside = width >= NARROW
        drawing.set_figheight(max(0.6 * width, 0.21 * names) if beside else width + 0.11 * names)
        where = {"loc": "outside right upper"} if beside else {"loc": "outside lower left"}
        legend = drawing.legend(**where, ncols=1 if beside else 2, frameon=False)
        for name in legend.get_texts():
            name.set_parse_math(False)

    def rows(self) -> list[list[object]]:
        """Strategy, round, mean, deviation, number of seeds."""
        rows: list[list[object]] = [["strategy", "round", "mean", "sd", "seeds"]]
        for line in self.lines:
            deviations: Sequence[object] = line.deviation or [""] * len(line.rounds)
            columns = zip(line.rounds, line.mean, deviations, strict=True)
            rows += [[line.name, *row, len(line.values)] for row in columns]
        return rows

    def _band(self, line: Line) -> tuple[list[float], list[float]] | None:
        """None on a logarithmic axis, where mean - deviation may be no value."""
        return None if self.log else line.band(self.top)

    def _words(self, line: Line) -> str:
        return f"{line.name}: {self.show(line.mean[-1])} in round {line.rounds[-1]}"

    @property
    def _labeled(self) -> bool:
        return len(self.lines) <= LABELED

    def _scales(self) -> tuple[Scale, Scale]:
        right = RIGHT if self._labeled else 12
        rounds = [number for line in self.lines for number in line.rounds]
        across = Scale(min(rounds), max(*rounds, min(rounds) + 1), LEFT, WIDTH - right)
        values = [mean for line in self.lines for mean in line.mean]
        bands = [self._band(line) for line in self.lines]
        values += [edge for band in bands if band for side in band for edge in side]
        return across, fitted(values, HEIGHT - BOTTOM, TOP, log=self.log)
