"""What a paper takes from a report: vector pictures, tables in LaTeX, a card of the runs."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from openal._files import write_whole
from openal._words import printable
from openal.errors import ArgumentError
from openal.report._figure import Figure, Styles, drawn
from openal.report._results import ConditionRuns, Results
from openal.report._tables import Column, bests, measures, top
from openal.simulate._differences import BASELINE, area, difference, points
from openal.simulate.metrics import Spread

__all__ = ["Paper", "card", "latex_table", "vector", "write_vectors"]

FORMATS = ("svg", "pdf")
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
RANDOM_ID = re.compile(r"\b[mpch][0-9a-f]{10}\b")
SPECIAL = {character: f"\\{character}" for character in "&%$#_{}"}
SPECIAL |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}


@dataclass(frozen=True)
class Paper:
    """What is written beside the page for a paper.

    Attributes:
        latex: whether each condition's table is written in LaTeX, for the package booktabs.
        formats: in which of "svg" and "pdf" each figure is written.
        width: of these figures, in inches.
    """

    latex: bool = False
    formats: tuple[str, ...] = ()
    width: float = 7.0

    def __post_init__(self) -> None:
        if unknown := set(self.formats) - {*FORMATS}:
            raise ArgumentError(f"formats must be of {FORMATS}, got {sorted(unknown)}.")
        if not 1 <= self.width <= 50:
            raise ArgumentError(f"width must be 1 to 50 inches, got {self.width!r}.")


def write_vectors(folder: Path, name: str, figure: Figure, paper: Paper) -> None:
    """The figure as `name.svg`, `name.pdf`, as the paper wants it."""
    for kind in paper.formats:
        write_whole(folder / f"{name}.{kind}", vector(figure, kind, paper.width))


def vector(figure: Figure, kind: str, width: float) -> bytes:
    """The figure as SVG or PDF; the same figure is the same file."""
    file, drawing = BytesIO(), drawn(figure, width)
    drawing.set_size_inches(width, drawing.get_figheight() * width / drawing.get_figwidth())
    drawing.savefig(file, format=kind, metadata=UNDATED[kind])
    return file.getvalue() if kind == "pdf" else _renamed(file.getvalue(), figure.key)


def _renamed(svg: bytes, key: str) -> bytes:
    """The SVG with the ids that matplotlib draws at random named by the figure and their order."""
    names = dict[str, str]()
    return RANDOM_ID.sub(
        lambda found: names.setdefault(found[0], f"{key}-{len(names)}"), svg.decode()
    ).encode()


def latex_table(condition: ConditionRuns, styles: Styles) -> str:
    """The measures of a condition, mean and deviation, and AUBC less Random with interval."""
    columns, rows = measures(condition, styles)
    best = bests(columns, rows)
    titles = " & ".join(map(_escaped, ["Strategy", *(c.title for c in columns), "- Random"]))
    body = [
        " & ".join([_escaped(name), *_cells(name, columns, row, best), _gain(condition, name)])
        for name, row in rows.items()
    ]
    return "\n".join(
        [
            f"% {printable(condition.label)}; seeds: {len(_seeds(condition))}",
            rf"\begin{{tabular}}{{l{'r' * (len(columns) + 1)}}}",
            r"\toprule",
            rf"{titles} \\",
            r"\midrule",
            *(rf"{row} \\" for row in body),
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _cells(
    name: str, columns: Sequence[Column], row: Sequence[Spread], best: Sequence[float]
) -> Iterator[str]:
    for column, value, most in zip(columns, row, best, strict=True):
        words = column.show(value.mean)
        if column.sign * value.mean == top(name, most):
            words = rf"\textbf{{{words}}}"
        deviation = "" if value.deviation is None else rf" $\pm$ {column.show(value.deviation)}"
        yield words + deviation


def _gain(condition: ConditionRuns, name: str) -> str:
    """The AUBC less that of Random at the same seeds, in points."""
    baseline = condition.runs.get(BASELINE)
    if baseline is None or name == BASELINE:
        return ""
    gain = difference(condition.runs[name], baseline, area)
    return "" if gain is None else f"${points(gain)}$".replace("±", r"\pm")


def _escaped(text: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in printable(text))


def card(results: Results) -> str:
    """What another needs to repeat the runs: command, versions, hardware, settings, seeds."""
    conditions = [
        {"condition": each.label, "settings": dict(each.settings), "seeds": _seeds(each)}
        for each in results.conditions
    ]
    content: Mapping[str, Any] = {
        **results.origin,
        "strategies": {name: list(given) for name, given in results.strategies.items()},
        "conditions": conditions,
    }
    return json.dumps(content, indent=1, default=str) + "\n"


def _seeds(condition: ConditionRuns) -> list[int]:
    return sorted({seed for by_seed in condition.runs.values() for seed in by_seed})
