"""The tables of a condition: all measures, and paired differences to the baseline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from openal.simulate.metrics import aubc
from openal.simulate.report.conditions import BASELINE, Condition
from openal.simulate.report.figure import Styles
from openal.simulate.report.markup import element, text
from openal.simulate.report.numbers import Difference, Spread, difference, percent, signed, spread
from openal.simulate.run import Run

__all__ = ["Column", "difference_table", "measure_table", "table"]


@dataclass(frozen=True)
class Column:
    """A measure of a run, how it is written, and whether more of it is better."""

    title: str
    value: Callable[[Run], float]
    show: Callable[[float], str] = percent
    sign: int = 1


def _whole(count: float) -> str:
    return f"{count:.0f}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f}"


COLUMNS = (
    Column("AUBC %", lambda run: aubc(run.accuracy)),
    Column("Accuracy %", lambda run: run.accuracy[-1]),
    Column("Precision %", lambda run: fmean(run.precision)),
    Column("Recall %", lambda run: run.recall[-1]),
    Column("Wasted", lambda run: run.wasted[-1], _whole, sign=-1),
    Column("s/round", lambda run: fmean(run.seconds), _time, sign=-1),
)


def measure_table(condition: Condition, styles: Styles) -> str:
    """A row per strategy, mean ± sd over seeds; the best mean of a column is bold."""
    spreads = {
        name: [
            spread([column.value(run) for run in condition.runs[name].values()])
            for column in COLUMNS
        ]
        for name in styles
        if name in condition.runs
    }
    best = [
        max(column.sign * row[at].mean for row in spreads.values())
        for at, column in enumerate(COLUMNS)
    ]
    rows = {
        name: [_cell(row[at], column, best[at]) for at, column in enumerate(COLUMNS)]
        for name, row in spreads.items()
    }
    return table([column.title for column in COLUMNS], rows)


def difference_table(condition: Condition, styles: Styles) -> str:
    """A row per strategy, mean difference and interval; those that leave zero out are bold."""
    baseline = condition.runs.get(BASELINE)
    if baseline is None:
        return element("p", f"There is no {BASELINE} to compare with.")
    rows = {
        name: [
            _paired(difference(condition.runs[name], baseline, column.value), column)
            for column in COLUMNS[:-1]
        ]
        for name in styles
        if name in condition.runs and name != BASELINE
    }
    if not rows:
        return element("p", f"There is nothing but {BASELINE}.")
    return table([f"{column.title}".removesuffix(" %") for column in COLUMNS[:-1]], rows)


def table(titles: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """Names to the left, markup of cells to the right of them; wide ones scroll by themselves."""
    head = element("th", "Strategy", scope="col", class_="name")
    head += "".join(element("th", text(title), scope="col") for title in titles)
    body = [
        element("tr", element("th", text(name), scope="row"), *cells)
        for name, cells in rows.items()
    ]
    inside = element("thead", element("tr", head)) + element("tbody", *body)
    return element("div", element("table", inside), class_="scroll", tabindex="0")


def _cell(value: Spread, column: Column, best: float) -> str:
    shown = value.shown(column.show).replace(" ± ", ' <span class="sd">± ', 1)
    shown += "</span>" * (value.deviation is not None)
    return element("td", element("b", shown) if column.sign * value.mean == best else shown)


def _paired(found: Difference | None, column: Column) -> str:
    if found is None:
        return element("td", "no seed in common")
    mean = signed(column.show(found.mean))
    mean = element("b", mean) if found.clear else mean
    if found.interval is None:
        return element("td", mean)
    low, high = (signed(column.show(end)) for end in found.interval)
    return element("td", mean, element("span", f" [{low}, {high}]", class_="sd"))
