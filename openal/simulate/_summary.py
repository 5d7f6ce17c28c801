"""Runs of several seeds as means and spreads, and as a table for the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from openal.simulate.conditions import VARYING, Conditions
from openal.simulate.grid import GridRuns
from openal.simulate.loop import Run, Runs
from openal.simulate.metrics import aubc, spread

__all__ = ["MEASURES", "Measure", "best_of", "grid_results", "measured", "results", "table"]

ENOUGH = 3
"""Fewer seeds cannot tell the best from the lucky."""


@dataclass(frozen=True)
class Measure:
    """A number of a run: its `name`, its `title` in the table, the format of its `unit`, and which
    way is better.
    """

    name: str
    title: str
    unit: str = ".2f"
    larger_is_better: bool = True


MEASURES = (
    Measure("precision", "precision"),  # mean over the rounds
    Measure("recall", "recall"),
    Measure("accuracy", "accuracy", ".3f"),
    Measure("aubc", "AUBC", ".3f"),
    Measure("wasted", "wasted", ".0f", larger_is_better=False),
)


def measured(run: Run) -> dict[str, float]:
    """A run in one number per measure: at the end, or over all rounds for precision and AUBC."""
    return {
        "precision": fmean(run.precision),
        "recall": run.recall[-1],
        "recall_with_init": run.recall_with_init[-1],
        "accuracy": run.accuracy[-1],
        "aubc": aubc(run.accuracy),
        "aubc_openal": aubc(run.accuracy, "openal"),
        "wasted": float(run.wasted[-1]),
    }


def best_of(runs: Runs, measure: Measure) -> str | None:
    """The strategy that beats every other at each of at least three seeds, or None."""
    sign = 1 if measure.larger_is_better else -1
    scores = {
        name: {seed: sign * measured(run)[measure.name] for seed, run in by_seed.items()}
        for name, by_seed in runs.items()
    }
    for name, mine in scores.items():
        others = [theirs for other, theirs in scores.items() if other != name]
        beaten = all(mine[seed] > theirs[seed] for theirs in others for seed in mine)
        if beaten and others and len(mine) >= ENOUGH:
            return name
    return None


def results(runs: Runs, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All runs and their summary, as JSON holds it; without seconds, so always the same."""
    summary = {name: _summary(list(by_seed.values())) for name, by_seed in runs.items()}
    columns = {
        name: {str(seed): _columns(run) for seed, run in by_seed.items()}
        for name, by_seed in runs.items()
    }
    return {"settings": settings, "summary": summary, "runs": columns}


def grid_results(
    grid_runs: GridRuns, grid: Sequence[Conditions], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """All runs of a grid and their summaries, for each of its conditions, as JSON holds them."""
    common = {key: value for key, value in grid[0].settings().items() if key not in VARYING}
    parts = [
        {**{key: conditions.settings()[key] for key in sorted(VARYING)}, **results(runs, {})}
        for conditions, runs in zip(grid, grid_runs.values(), strict=True)
    ]
    for part in parts:
        del part["settings"]
    return {"settings": {**settings, **common, "grid": True}, "cells": parts}


def _summary(runs: list[Run]) -> dict[str, Any]:
    rows = [measured(run) for run in runs]
    spreads = {measure: spread([row[measure] for row in rows]) for measure in rows[0]}
    return {name: {"mean": value.mean, "sd": value.deviation} for name, value in spreads.items()}


def _columns(run: Run) -> dict[str, Any]:
    columns = asdict(run)
    del columns["seconds"]
    return columns


def table(runs: Runs) -> str:
    """One line per strategy, mean ± sd over the seeds; * marks what is best at every seed."""
    best = {measure.name: best_of(runs, measure) for measure in MEASURES}
    rows = [["strategy", *(measure.title for measure in MEASURES), "s/round"]]
    for name, by_seed in runs.items():
        columns = [measured(run) for run in by_seed.values()]
        cells = [
            spread([column[m.name] for column in columns]).shown(f"{{:{m.unit}}}".format)
            + " *"[best[m.name] == name]
            for m in MEASURES
        ]
        seconds = [fmean(run.seconds) for run in by_seed.values()]
        rows.append([name, *cells, f"{fmean(seconds):.2f}"])
    note = "\n* best at every seed" if any(best.values()) else ""
    return _aligned(rows) + note


def _aligned(rows: list[list[str]]) -> str:
    """Names to the left, numbers to the right, a rule under the head."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
