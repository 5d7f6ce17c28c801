"""The tables of a condition: all measures, paired differences, areas as in CLIPNAL's paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Literal, TypeVar

from openal.report._figure import Styles
from openal.report._results import ConditionRuns
from openal.report._statistics import percent, signed
from openal.report._svg import element, text
from openal.simulate._differences import Difference, decides_nothing, difference, headroom
from openal.simulate.bounds import BASELINE, BOUNDS
from openal.simulate.loop import Run
from openal.simulate.metrics import Spread, aubc, spread

__all__ = [
    "Column",
    "Convention",
    "aubc_rows",
    "aubc_spreads",
    "aubc_table",
    "bests",
    "difference_table",
    "mark",
    "measure_table",
    "measures",
    "table",
    "top",
]


Row = TypeVar("Row")
MARK = " †"
"""At a condition in which perfect purity gains too little for purities to be told apart."""


@dataclass(frozen=True)
class Column:
    """A measure of a run: its `title` and `value`, and how to `show` it.

    `sign` is 1 where more of it is better, else -1.
    """

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


F1 = Column("Macro F1 %", lambda run: run.macro_f1[-1])


def _columns(condition: ConditionRuns) -> tuple[Column, ...]:
    """The columns of a condition; F1 beside the accuracy where all runs have it."""
    return COLUMNS[:2] + (F1,) * condition.has_class_scores + COLUMNS[2:]


def measures(
    condition: ConditionRuns, styles: Styles
) -> tuple[tuple[Column, ...], dict[str, list[Spread]]]:
    """The columns of a condition, and a row of spreads over seeds for each strategy."""
    columns = _columns(condition)
    return columns, {
        name: [
            spread([column.value(run) for run in condition.runs[name].values()])
            for column in columns
        ]
        for name in styles
        if name in condition.runs
    }


def bests(columns: Sequence[Column], rows: Mapping[str, Sequence[Spread]]) -> list[float]:
    """The best mean of each column, turned so that more is better; bounds aside."""
    return [
        max(column.sign * row[at].mean for row in _strategies(rows).values())
        for at, column in enumerate(columns)
    ]


def measure_table(condition: ConditionRuns, styles: Styles) -> str:
    """A row per strategy, mean ± sd over seeds; the best mean of a column is bold, bounds aside."""
    columns, spreads = measures(condition, styles)
    best = bests(columns, spreads)
    rows = {
        name: [_cell(row[at], column, top(name, best[at])) for at, column in enumerate(columns)]
        for name, row in spreads.items()
    }
    return table([column.title for column in columns], rows)


def _strategies(rows: Mapping[str, Row]) -> Mapping[str, Row]:
    """The rows without those of bounds; all of them where there is nothing else."""
    return {name: row for name, row in rows.items() if name not in BOUNDS} or rows


def difference_table(condition: ConditionRuns, styles: Styles) -> str:
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


def top(name: str, best: float) -> float | None:
    """What makes a row bold; None for a bound, which is no strategy."""
    return None if name in BOUNDS else best


def _cell(value: Spread, column: Column, best: float | None) -> str:
    shown = value.shown(column.show).replace(" ± ", ' <span class="sd">± ', 1)
    shown += "</span>" * (value.deviation is not None)
    return element("td", element("b", shown) if column.sign * value.mean == best else shown)


def _paired(paired: Difference | None, column: Column) -> str:
    if paired is None:
        return element("td", "no seed in common")
    mean = signed(column.show(paired.mean))
    mean = element("b", mean) if paired.clear else mean
    if paired.interval is None:
        return element("td", mean)
    low, high = (signed(column.show(end)) for end in paired.interval)
    return element("td", mean, element("span", f" [{low}, {high}]", class_="sd"))


WIDE = 8  # more columns stand closer
Convention = Literal["trapezoid", "openal"]


def aubc_spreads(
    conditions: Sequence[ConditionRuns], convention: Convention = "trapezoid"
) -> list[Mapping[str, Spread]]:
    """For each condition the AUBC of its strategies over seeds."""
    return [
        {
            name: spread([aubc(run.accuracy, convention) for run in by_seed.values()])
            for name, by_seed in condition.runs.items()
        }
        for condition in conditions
    ]


def aubc_table(conditions: Sequence[ConditionRuns], styles: Styles, convention: Convention) -> str:
    """The table of one data set; the best mean of each column is bold."""
    columns = aubc_spreads(conditions, convention)
    best = [max(value.mean for value in _strategies(column).values()) for column in columns]
    rows = [
        element(
            "tr",
            element("th", text(name), scope="row"),
            *(
                _area(column.get(name), top(name, mean))
                for column, mean in zip(columns, best, strict=True)
            ),
        )
        for name in styles
        if any(name in column for column in columns)
    ]
    look = "dense" if len(conditions) > WIDE else "wide"
    head = element("thead", *_head(conditions))
    return element(
        "div",
        element("table", head, element("tbody", *rows), class_=look),
        class_="scroll",
        tabindex="0",
    )


def aubc_rows(conditions: Sequence[ConditionRuns], styles: Styles) -> list[list[object]]:
    """Both conventions as rows of a CSV file."""
    heads = ["data", "mismatch", "ood_ratio", "strategy", "convention", "mean", "sd", "seeds"]
    rows: list[list[object]] = [[*heads]]
    for convention in ("trapezoid", "openal"):
        for condition, column in zip(conditions, aubc_spreads(conditions, convention), strict=True):
            where = [condition.data, condition.mismatch, condition.ood_ratio]
            for name in (name for name in styles if name in column):
                value = column[name]
                deviation = "" if value.deviation is None else value.deviation
                rows.append([*where, name, convention, value.mean, deviation, value.n])
    return rows


def _head(conditions: Sequence[ConditionRuns]) -> list[str]:
    """Mismatch ratios over OOD ratios."""
    groups = [(name, len([*of])) for name, of in groupby(conditions, lambda c: c.mismatch)]
    upper = [
        element("th", text(name), colspan=str(count), scope="colgroup") for name, count in groups
    ]
    shares = [text(condition.ood_ratio) + mark(condition) for condition in conditions]
    lower = [element("th", f"OOD {share}", scope="col") for share in shares]
    name = element("th", "Strategy", rowspan="2", scope="col", class_="name")
    return [element("tr", name, *upper), element("tr", *lower)]


def mark(condition: ConditionRuns) -> str:
    """A mark at a condition that decides nothing."""
    return MARK if decides_nothing(headroom(condition.runs)) else ""


def _area(value: Spread | None, best: float | None) -> str:
    if value is None:
        return element("td", "–")
    mean = percent(value.mean)
    mean = element("b", mean) if value.mean == best else mean
    if value.deviation is None:
        return element("td", mean)
    return element("td", mean, element("span", f" ± {percent(value.deviation)}", class_="sd"))
