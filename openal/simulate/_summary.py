"""Runs of several seeds as means and spreads, and as a table for the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from textwrap import fill
from typing import Any

from openal.simulate._differences import (
    area,
    decides_nothing,
    difference,
    headroom,
    headroom_note,
    points,
    reached_note,
)
from openal.simulate.bounds import BASELINE, BOUNDS
from openal.simulate.conditions import VARYING, Conditions
from openal.simulate.grid import GridRuns
from openal.simulate.loop import Run, Runs
from openal.simulate.metrics import Spread, aubc, spread

__all__ = [
    "MEASURES",
    "Measure",
    "best_of",
    "grid_results",
    "measured",
    "results",
    "table",
    "whole_line",
]

WIDTH = 80
MEANING = (
    "Precision is the share of answers that were of a known class, accuracy what the classifier "
    "learned from them: the purest answers need not teach the most."
)
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
        **_of_classes(run),
    }


def _of_classes(run: Run) -> dict[str, float]:
    """The macro averages after the last answers; nothing of a run that has none."""
    if not run.class_f1:
        return {}
    return {
        "macro_precision": run.macro_precision[-1],
        "macro_recall": run.macro_recall[-1],
        "macro_f1": run.macro_f1[-1],
    }


def best_of(runs: Runs, measure: Measure) -> str | None:
    """The strategy that beats every other at each of at least three seeds, or None.

    Bounds are no strategies: they neither win nor stand in the way.
    """
    sign = 1 if measure.larger_is_better else -1
    runs = {name: by_seed for name, by_seed in runs.items() if name not in BOUNDS}
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
    return {"settings": settings, "summary": summary, **_headroom(runs), "runs": columns}


def _headroom(runs: Runs) -> dict[str, Any]:
    """What perfect purity gains over Random in AUBC, and whether it is enough to decide."""
    gain = headroom(runs)
    if gain is None:
        return {}
    interval = None if gain.interval is None else list(gain.interval)
    found = {"mean": gain.mean, "interval": interval, "decides_nothing": decides_nothing(gain)}
    return {"headroom": found}


def whole_line(accuracy: Spread | None) -> str:
    """A line below a table: the accuracy once every known item of the pool is answered."""
    if accuracy is None:
        return ""
    shown = accuracy.shown("{:.3f}".format)
    return f"\nWhole data set: accuracy {shown}, with every known item of the pool answered."


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
    common = [measure for measure in rows[0] if all(measure in row for row in rows)]
    spreads = {measure: spread([row[measure] for row in rows]) for measure in common}
    return {name: {"mean": value.mean, "sd": value.deviation} for name, value in spreads.items()}


def _columns(run: Run) -> dict[str, Any]:
    columns = asdict(run)
    del columns["seconds"]
    return {name: values for name, values in columns.items() if values}


COLUMNS = tuple(measure for measure in MEASURES if measure.name != "recall")
"""What fits beside each other on a terminal of 80 columns."""


def table(runs: Runs) -> str:
    """One line per strategy, mean±sd over the seeds; * marks what is best at every seed.

    Where `Random` is among them, the last column has how many points of AUBC each is above it at
    the same seed, with half a 95% t interval. Lines below say what there was to gain, with how many
    answers the final accuracy of `Random` is reached, and what takes longest.
    """
    best = {measure.name: best_of(runs, measure) for measure in COLUMNS}
    baseline = runs.get(BASELINE) if len(runs) > 1 else None
    last = [] if baseline is None else ["- Random"]
    rows = [["strategy", *(measure.title for measure in COLUMNS), *last]]
    for name, by_seed in runs.items():
        columns = [measured(run) for run in by_seed.values()]
        cells = [
            _compact(spread([column[m.name] for column in columns]).shown(f"{{:{m.unit}}}".format))
            + " *"[best[m.name] == name]
            for m in COLUMNS
        ]
        above = [] if baseline is None else [_compact(_above(by_seed, baseline))]
        rows.append([name, *cells, *above])
    notes = ["* best at every seed"] if any(best.values()) else []
    notes += filter(None, [headroom_note(runs), reached_note(runs)])
    notes += [_seconds_note(runs), MEANING] if baseline is not None else [_seconds_note(runs)]
    return "\n".join([_aligned(rows), *(fill(note, WIDTH) for note in notes)])


def _compact(shown: str) -> str:
    return shown.replace(" ± ", "±")


def _seconds_note(runs: Runs) -> str:
    """Which strategy takes longest for a query."""
    seconds = {
        name: fmean(fmean(run.seconds) for run in by_seed.values())
        for name, by_seed in runs.items()
        if name not in BOUNDS
    }
    slowest = max(seconds, key=lambda name: seconds[name], default="")
    return f"Slowest query: {slowest}, {seconds[slowest]:.2f} s." if slowest else ""


def _above(by_seed: Mapping[int, Run], baseline: Mapping[int, Run]) -> str:
    """By how many points of AUBC a strategy is above the baseline at the same seed."""
    by = None if by_seed is baseline else difference(by_seed, baseline, area)
    return "" if by is None else points(by)


def _aligned(rows: list[list[str]]) -> str:
    """Names to the left, numbers to the right, a rule under the head."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        " ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
