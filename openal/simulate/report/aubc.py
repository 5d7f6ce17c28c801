"""The AUBC table as CLIPNAL's paper lays it out: OOD ratios side by side, grouped by mismatch."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Literal

from openal.simulate.metrics import aubc
from openal.simulate.report.conditions import Condition
from openal.simulate.report.figure import Styles
from openal.simulate.report.markup import element, text
from openal.simulate.report.numbers import Spread, percent, spread

__all__ = ["Convention", "aubc_rows", "aubc_spreads", "aubc_table"]

WIDE = 8  # more columns stand closer
Convention = Literal["trapezoid", "openal"]


def aubc_spreads(
    conditions: Sequence[Condition], convention: Convention = "trapezoid"
) -> list[Mapping[str, Spread]]:
    """For each condition the AUBC of its strategies over seeds."""
    return [
        {
            name: spread([aubc(run.accuracy, convention) for run in by_seed.values()])
            for name, by_seed in condition.runs.items()
        }
        for condition in conditions
    ]


def aubc_table(conditions: Sequence[Condition], styles: Styles, convention: Convention) -> str:
    """The table of one data set; the best mean of each column is bold."""
    columns = aubc_spreads(conditions, convention)
    best = [max(each.mean for each in column.values()) for column in columns]
    rows = [
        element(
            "tr",
            element("th", text(name), scope="row"),
            *(_cell(column.get(name), top) for column, top in zip(columns, best, strict=True)),
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


def aubc_rows(conditions: Sequence[Condition], styles: Styles) -> list[list[object]]:
    """Both conventions as rows of a CSV file."""
    heads = ["data", "mismatch", "ood_ratio", "strategy", "convention", "mean", "sd", "seeds"]
    made: list[list[object]] = [[*heads]]
    for convention in ("trapezoid", "openal"):
        for condition, column in zip(conditions, aubc_spreads(conditions, convention), strict=True):
            where = [condition.data, condition.mismatch, condition.ood_ratio]
            for name in (each for each in styles if each in column):
                value = column[name]
                deviation = "" if value.deviation is None else value.deviation
                made.append([*where, name, convention, value.mean, deviation, value.n])
    return made


def _head(conditions: Sequence[Condition]) -> list[str]:
    """Mismatch ratios over OOD ratios."""
    groups = [(name, len([*each])) for name, each in groupby(conditions, lambda c: c.mismatch)]
    upper = [
        element("th", text(name), colspan=str(count), scope="colgroup") for name, count in groups
    ]
    lower = [element("th", f"OOD {text(each.ood_ratio)}", scope="col") for each in conditions]
    name = element("th", "Strategy", rowspan="2", scope="col", class_="name")
    return [element("tr", name, *upper), element("tr", *lower)]


def _cell(value: Spread | None, best: float) -> str:
    if value is None:
        return element("td", "–")
    mean = percent(value.mean)
    mean = element("b", mean) if value.mean == best else mean
    if value.deviation is None:
        return element("td", mean)
    return element("td", mean, element("span", f" ± {percent(value.deviation)}", class_="sd"))
