"""The runs as a table for the terminal."""

from statistics import fmean, stdev

from openal.simulate.compare import Runs
from openal.simulate.summary import MEASURES, best_of, figures

__all__ = ["table"]


def table(runs: Runs) -> str:
    """One line per strategy, mean ± sd over the seeds; * marks what is best at every seed."""
    best = {measure.name: best_of(runs, measure) for measure in MEASURES}
    rows = [["strategy", *(measure.title for measure in MEASURES), "s/round"]]
    for name, by_seed in runs.items():
        columns = [figures(run) for run in by_seed.values()]
        cells = [
            _cell([each[m.name] for each in columns], m.unit) + " *"[best[m.name] == name]
            for m in MEASURES
        ]
        seconds = [fmean(run.seconds) for run in by_seed.values()]
        rows.append([name, *cells, f"{fmean(seconds):.2f}"])
    note = "\n* best at every seed" if any(best.values()) else ""
    return _aligned(rows) + note


def _cell(values: list[float], unit: str) -> str:
    deviation = f" ± {stdev(values):{unit}}" if len(values) > 1 else ""
    return f"{fmean(values):{unit}}{deviation}"


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
