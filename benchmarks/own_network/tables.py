"""Paired differences to Random, with intervals, at each share of unknown items and over all."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.own_network.plan import Plan
from openal import UNKNOWN
from openal.simulate import known_classes
from openal.simulate._differences import (
    BASELINE,
    area,
    decides_nothing,
    difference,
    headroom,
    points,
)
from openal.simulate.grid import GridRuns
from openal.simulate.loop import Run, Runs

__all__ = ["rarest", "relabeled", "summary", "written"]

Labels = np.ndarray
"""Class ids int64 [n]."""


def summary(
    runs: GridRuns, labels: Labels, plan: Plan, title: str, baseline: str = BASELINE
) -> str:
    """A table for each share of unknown items, and one of all pairs, beside one method."""
    shares = _rarest_of(runs, labels, plan.mismatch)
    parts = [f"{title}: {plan}"]
    for (_, ratio), at in runs.items():
        seeds = len(next(iter(at.values())))
        gain = headroom(at)
        note = " Too little headroom: decides nothing." if decides_nothing(gain) else ""
        parts.append(f"{ratio:.0%} unknown, {seeds} seeds.{note}\n\n{_table(at, shares, baseline)}")
    if len(runs) > 1:
        parts.append(f"All pairs of share and seed.\n\n{_table(_together(runs), shares, baseline)}")
    return "\n\n".join(parts)


def _together(runs: GridRuns) -> Runs:
    """All conditions as one: a pair is a share and a seed."""
    names = list(next(iter(runs.values())))
    return {
        name: {
            1000 * k + seed: run
            for k, at in enumerate(runs.values())
            for seed, run in at[name].items()
        }
        for name in names
    }


def _rarest_of(runs: GridRuns, labels: Labels, mismatch: float) -> dict[int, float]:
    """Of every run, by its id, the share of the rarest class."""
    known: dict[int, Labels] = {}
    shares = {}
    for by_name in runs.values():
        for by_seed in by_name.values():
            for seed, run in by_seed.items():
                if seed not in known:
                    known[seed] = relabeled(labels, mismatch, seed)
                shares[id(run)] = rarest(run, known[seed])
    return shares


def _table(runs: Runs, shares: Mapping[int, float], baseline: str) -> str:
    """A row for each method, in percent and points; intervals are of 95 %."""
    less, beside = [f"- {baseline}", "above"], runs.get(baseline)
    head = ["method", "AUBC", *less, "final", *less, "precision", "rarest class"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, by_seed in runs.items():
        cells = [name, *_measured(by_seed, beside, area), *_measured(by_seed, beside, _final)]
        cells.append(f"{fmean(fmean(run.precision) for run in by_seed.values()):.2f}")
        cells.append(f"{fmean(shares[id(run)] for run in by_seed.values()):.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _measured(
    by_seed: Mapping[int, Run], baseline: Mapping[int, Run] | None, measure: Callable[[Run], float]
) -> list[str]:
    """The mean, what it is more than the baseline's, and in how many pairs it is above."""
    mean = f"{100 * fmean(map(measure, by_seed.values())):.1f}"
    if baseline is None or by_seed is baseline:
        return [mean, "", ""]
    by = difference(by_seed, baseline, measure)
    pairs = by_seed.keys() & baseline.keys()
    above = sum(measure(by_seed[seed]) > measure(baseline[seed]) for seed in pairs)
    return [mean, "" if by is None else points(by), f"{above} of {len(pairs)}"]


def _final(run: Run) -> float:
    return run.accuracy[-1]


def rarest(run: Run, known: Labels) -> float:
    """The share of the least asked class among the known items that were asked about.

    `known` are labels [n] of all items, 0..K-1 and UNKNOWN.
    """
    asked = known[np.concatenate([np.array(query, np.int64) for query in run.asked])]
    counts = np.bincount(asked[asked >= 0], minlength=known.max() + 1)
    return float(counts.min() / max(1, counts.sum()))


def relabeled(labels: Labels, mismatch: float, seed: int) -> Labels:
    """The class ids [n] as those of the known classes of a seed, or UNKNOWN."""
    place = np.full(labels.max() + 1, UNKNOWN)
    known = known_classes(len(place), mismatch, seed)
    place[list(known)] = np.arange(len(known))
    relabeled: Labels = place[labels]
    return relabeled


def written(runs: GridRuns, labels: Labels, plan: Plan, path: Path) -> None:
    """The accuracies and precisions of every run, for whoever wants other figures."""
    shares = _rarest_of(runs, labels, plan.mismatch)
    content = {
        f"{ratio:g}": {
            name: {seed: _columns(run, shares[id(run)]) for seed, run in by_seed.items()}
            for name, by_seed in at.items()
        }
        for (_, ratio), at in runs.items()
    }
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")


def _columns(run: Run, share: float) -> dict[str, Any]:
    columns = {"accuracy": run.accuracy, "precision": run.precision, "rarest": [share]}
    return {name: [round(value, 4) for value in values] for name, values in columns.items()}
