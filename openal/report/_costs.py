"""What the answers of all conditions were spent on: known and unknown items, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Any

from openal.report._figure import Styles
from openal.report._results import ConditionRuns
from openal.report._svg import KNOWN, UNKNOWN, cut, element, plain, text

__all__ = ["Cost", "Costs", "cost_figures"]

NOTE = (
    "Answers of all queries, as many for each strategy, means over seeds: orange ones went to "
    "unknown items, blue ones found items of known classes. The number is what one known answer "
    "cost: answers for each that named a known class."
)
WIDTH, LEFT, RIGHT, ROW, THICK = 400, 134, 44, 22, 14
LONGEST = 22  # name of a strategy


@dataclass(frozen=True)
class Cost:
    """Answers of a strategy on `known` and on `unknown` items, means over `seeds` seeds."""

    name: str
    known: float
    unknown: float
    seeds: int

    @property
    def total(self) -> float:
        """All answers."""
        return self.known + self.unknown

    @property
    def each(self) -> str:
        """The answers for each known one."""
        return f"{self.total / self.known:.2f}" if self.known else "∞"


@dataclass(frozen=True, eq=False)
class Costs:
    """A figure of stacked bars, a panel for each condition of a data set."""

    key: str
    title: str
    panels: Sequence[tuple[str, Sequence[Cost]]]
    note: str = NOTE

    def html(self) -> str:
        """The panels as SVG, on one scale."""
        most = max(cost.total for _, costs in self.panels for cost in costs)
        scale = (WIDTH - LEFT - RIGHT) / most
        panels = [_panel(title, costs, scale) for title, costs in self.panels]
        return element("div", *panels, class_="fields")

    def paint(self, drawing: Any) -> None:
        """The panels by matplotlib."""
        columns = min(3, len(self.panels))
        lines = -(-len(self.panels) // columns)
        most = max(len(costs) for _, costs in self.panels)
        drawing.set_size_inches(3.6 * columns, (0.24 * most + 0.7) * lines + 0.5)
        grid = drawing.subplots(lines, columns, squeeze=False, sharex=True)
        for axes in grid.flat[len(self.panels) :]:
            axes.set_axis_off()
        for axes, (title, costs) in zip(grid.flat, self.panels, strict=False):
            _paint_panel(axes, title, costs)

    def rows(self) -> list[list[object]]:
        """Condition, strategy, answers on known and unknown items, number of seeds."""
        table: list[list[object]] = [["condition", "strategy", "known", "unknown", "seeds"]]
        for title, costs in self.panels:
            table += [[title, cost.name, cost.known, cost.unknown, cost.seeds] for cost in costs]
        return table


def cost_figures(conditions: Sequence[ConditionRuns], styles: Styles) -> Iterator[Costs]:
    """A figure for each data set with several conditions; with one, its own bars say the same."""
    for number, (data, group) in enumerate(groupby(conditions, lambda one: one.data), 1):
        panels = [
            (condition.label.removeprefix(f"{data}, "), _costs(condition, styles))
            for condition in group
        ]
        if len(panels) > 1:
            yield Costs(f"cost{number}", f"What the answers were spent on: {data}", panels)


def _costs(condition: ConditionRuns, styles: Styles) -> list[Cost]:
    named = [(name, [*condition.runs[name].values()]) for name in styles if name in condition.runs]
    return [
        Cost(
            name,
            fmean(sum(map(len, run.asked)) - run.wasted[-1] for run in runs),
            fmean(run.wasted[-1] for run in runs),
            len(runs),
        )
        for name, runs in named
    ]


def _panel(title: str, costs: Sequence[Cost], scale: float) -> str:
    """A heading, and a bar for each strategy below."""
    heading = element("text", text(title), x=0, y=12, class_="clear")
    rows = [_row(cost, 20 + at * ROW, scale) for at, cost in enumerate(costs)]
    frame = f"0 0 {WIDTH} {20 + ROW * len(rows)}"
    return element("svg", heading, *rows, viewBox=frame, role="img")


def _row(cost: Cost, top: float, scale: float) -> str:
    """Name, both parts of the bar, and the number."""
    words = f"{cost.name}: {cost.known:.4g} known, {cost.unknown:.4g} unknown answers"
    place, label = {"y": top + 2, "height": THICK}, {"y": top + 13}
    edge, end = LEFT + cost.known * scale, LEFT + cost.total * scale
    return element(
        "g",
        element("title", text(words)),
        element("text", text(cut(cost.name, LONGEST)), x=LEFT - 8, class_="end", **label),
        element("rect", x=LEFT, width=edge - LEFT, class_="known", **place),
        element("rect", x=edge, width=end - edge, class_="unknown", **place),
        element("text", cost.each, x=end + 6, class_="number", **label),
    )


def _paint_panel(axes: Any, title: str, costs: Sequence[Cost]) -> None:
    places = range(len(costs))
    known = [cost.known for cost in costs]
    axes.barh(places, known, color=KNOWN, alpha=0.35, height=0.65)
    axes.barh(places, [cost.unknown for cost in costs], left=known, color=UNKNOWN, height=0.65)
    for at, cost in zip(places, costs, strict=True):
        axes.text(cost.total, at, f" {cost.each}", va="center", fontsize=8)
    axes.set_yticks(places, [plain(cut(cost.name, LONGEST)) for cost in costs], parse_math=False)
    axes.tick_params(labelsize=8)
    axes.invert_yaxis()
    axes.set_title(plain(title), fontsize=9, loc="left", parse_math=False)
    axes.margins(x=0.2)
