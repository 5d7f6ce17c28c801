"""Curves against rounds: one line per strategy, a band for the spread over seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openal.simulate.report.curves import curve, grid, names
from openal.simulate.report.line import Line
from openal.simulate.report.markup import element, text
from openal.simulate.report.scale import Scale, fitted
from openal.simulate.report.style import plain

__all__ = ["Lines"]

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
        drawing.set_figheight(max(4.2, 0.21 * len(self.lines)))
        axes.set_xlabel("round")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if self.log:
            axes.set_yscale("log")
            axes.set_yticks(self._scales()[1].ticks())
            axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda value, _: self.show(value))
        for name in drawing.legend(loc="outside right upper", frameon=False).get_texts():
            name.set_parse_math(False)

    def rows(self) -> list[list[object]]:
        """Strategy, round, mean, deviation, number of seeds."""
        made: list[list[object]] = [["strategy", "round", "mean", "sd", "seeds"]]
        for line in self.lines:
            deviations: Sequence[object] = line.deviation or [""] * len(line.rounds)
            columns = zip(line.rounds, line.mean, deviations, strict=True)
            made += [[line.name, *row, len(line.values)] for row in columns]
        return made

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
        rounds = [each for line in self.lines for each in line.rounds]
        across = Scale(min(rounds), max(*rounds, min(rounds) + 1), LEFT, WIDTH - right)
        values = [each for line in self.lines for each in line.mean]
        bands = [self._band(line) for line in self.lines]
        values += [each for band in bands if band for side in band for each in side]
        return across, fitted(values, HEIGHT - BOTTOM, TOP, log=self.log)
