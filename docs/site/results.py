"""The row of results on a page of the gallery: beside Random, how precise, how many seconds."""

import re
from collections.abc import Iterable
from functools import cache
from statistics import fmean
from typing import Any

from benchmarks.defaults import finished
from benchmarks.defaults_table import Gains, gains
from docs.gain import RUNS

__all__ = ["results"]

CLAIMS = RUNS.with_name("claims-clip.txt")
TITLE = "## Beside Random\n"
NOTE = """
Minus Random: percent points, with 95 % intervals over 16 cells of real embeddings and a linear
classifier, [the default](../defaults.md). Seconds: for 20 to 80 questions of some thousand
candidates, on one shared core, with what it trains.
"""
NONE = """
Not measured on real pools: it reads texts, and those of [all strategies](../defaults.md) have none.
"""


def results(name: str) -> list[str]:
    """The section of a strategy."""
    if name in _gains():
        return [TITLE, _table(name), NOTE]
    claim = re.search(rf"^\| {name} \| (\d+) of (\d+) \| (\S+) \| (\S+) \|$", _claims(), re.M)
    return [TITLE, _claimed(*claim.groups()) if claim else NONE]


def _claimed(above: str, cells: str, precision: str, others: str) -> str:
    return (
        "| cells above Random in AUBC | known | known of Random's |\n|---|---|---|\n"
        f"| {above} of {cells} | {precision} | {others} |\n\n"
        "On CLIP's embeddings of Caltech-101 and Pets; the texts that say no are means of other "
        "nouns, not CLIPN's: [claims](../claims.md). That table has no seconds.\n"
    )


def _table(name: str) -> str:
    """A column for the strategy, and one for Random; narrow, so that a phone shows it whole."""
    gain, (known, seconds), (share, least) = _gains()[name], _costs()[name], _costs()["Random"]
    rows = [
        ("area under the curve, minus Random's", " ".join(gain.area.split()), ""),
        ("final accuracy, minus Random's", " ".join(gain.final.split()), ""),
        ("cells above Random, below", f"{gain.wins}, {gain.losses}", ""),
        ("known of all answers (precision)", f"{known:.2f}", f"{share:.2f}"),
        ("seconds of a query", f"{seconds:.2f}", f"{least:.2f}"),
    ]
    if name == "Random":
        rows = [(what, value, "") for what, value, _ in rows[3:]]
    lines = [f"| {what} | {value} | {other} |" for what, value, other in rows]
    other = "" if name == "Random" else "Random"
    return "\n".join([f"| | {name} | {other} |", "|---|---|---|", *lines])


@cache
def _runs() -> list[dict[str, Any]]:
    return [run for run in finished(RUNS) if "error" not in run]


@cache
def _gains() -> dict[str, Gains]:
    """By strategy what `benchmarks.defaults` has of it."""
    return gains(_runs())


@cache
def _costs() -> dict[str, tuple[float, float]]:
    """By strategy the share of known answers, a mean of cells, and the seconds of a query."""
    return {name: _cost(run for run in _runs() if run["strategy"] == name) for name in _gains()}


def _cost(runs: Iterable[dict[str, Any]]) -> tuple[float, float]:
    every = [*runs]
    cells = {run["cell"] for run in every}
    known = (fmean(run["known"] for run in every if run["cell"] == cell) for cell in cells)
    return fmean(known), fmean(run["seconds"] for run in every)


@cache
def _claims() -> str:
    return CLAIMS.read_text("utf-8")
