"""The figures of a condition's runs: curves, bars, differences and seconds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from openal.report._bars import Bar, Bars
from openal.report._curves import Line, Lines
from openal.report._figure import Figure, Styles
from openal.report._intervals import Interval, Intervals
from openal.report._results import ConditionRuns
from openal.simulate._differences import difference
from openal.simulate.bounds import BASELINE
from openal.simulate.loop import Run
from openal.simulate.metrics import aubc

__all__ = ["run_figures"]

BAND = " Lines are means over seeds, bands one standard deviation to either side."
ALONE = " One seed, so there is no spread."
WASTED = (
    "Orange answers went to unknown items, a piece for each round; the rest found items of known "
    "classes. The number counts the orange ones, mean ± sd over seeds."
)


@dataclass(frozen=True)
class Share:
    """A share that runs have in each round, from `first` on.

    `values` are those of a run; `key`, `title` and `note` are of the figure.
    """

    key: str
    title: str
    note: str
    values: Callable[[Run], Sequence[float]]
    first: int = 1


SHARES = (
    Share(
        "accuracy",
        "Accuracy",
        "On held-out items of known classes; round 0 is after the first answers.",
        lambda run: run.accuracy,
        first=0,
    ),
    Share(
        "precision",
        "Precision",
        "The share of a round's answers that are of known classes.",
        lambda run: run.precision,
    ),
    Share(
        "recall",
        "Recall",
        "The share of the pool's known items that queries have found so far.",
        lambda run: run.recall,
    ),
)


OF_CLASSES = (
    Share(
        "macro-precision",
        "Precision of the classification",
        "Of the held-out items said to be of a class, those that are; the mean over all classes.",
        lambda run: run.macro_precision,
        first=0,
    ),
    Share(
        "macro-recall",
        "Recall of the classification",
        "Of the held-out items of a class, those said to be; the mean over all classes.",
        lambda run: run.macro_recall,
        first=0,
    ),
    Share(
        "macro-f1",
        "F1 of the classification",
        "The harmonic mean of the two for each class; the mean over all classes.",
        lambda run: run.macro_f1,
        first=0,
    ),
)


def run_figures(condition: ConditionRuns, styles: Styles) -> Iterator[Figure]:
    """Curves, bars and differences, in reading order."""
    for share in SHARES + OF_CLASSES * condition.has_class_scores:
        lines = _curves(condition, styles, share.values, share.first)
        note = share.note + (BAND if any(line.deviation for line in lines) else ALONE)
        yield Lines(share.key, share.title, note, lines, _percents, top=1.0)
    yield _wasted(condition, styles)
    intervals = _differences(condition, styles)
    if intervals.intervals:
        yield intervals
    yield _seconds(condition, styles)


def _seconds(condition: ConditionRuns, styles: Styles) -> Lines:
    lines = _curves(condition, styles, lambda run: run.seconds, 1)
    means = [mean for line in lines for mean in line.mean]
    log = min(means) > 0 and max(means) > 20 * min(means)
    note = "Of each query, with what the strategy trains in it; means over seeds."
    note += " The axis is logarithmic." * log
    return Lines("seconds", "Seconds per round", note, lines, "{:.3g}".format, log=log)


def _wasted(condition: ConditionRuns, styles: Styles) -> Bars:
    bars = [
        Bar(name, *_answers([*condition.runs[name].values()]))
        for name in styles
        if name in condition.runs
    ]
    return Bars("wasted", "Answers wasted on unknown items", WASTED, bars)


def _differences(condition: ConditionRuns, styles: Styles) -> Intervals:
    baseline = condition.runs.get(BASELINE, {})
    differences = [
        (name, difference(condition.runs[name], baseline, lambda run: aubc(run.accuracy)))
        for name in styles
        if name in condition.runs and name != BASELINE
    ]
    intervals = [Interval(name, styles[name], by) for name, by in differences if by is not None]
    note = f"AUBC minus that of {BASELINE} at the same seed. " + (
        "One seed: there is no interval."
        if all(one.difference.interval is None for one in intervals)
        else "Whiskers are 95% t intervals over seeds; those that leave zero out are bold."
    )
    return Intervals("differences", f"AUBC against {BASELINE}", note, intervals)


def _curves(
    condition: ConditionRuns, styles: Styles, values: Callable[[Run], Sequence[float]], first: int
) -> list[Line]:
    return [
        Line(name, styles[name], np.array([values(run) for run in by_seed.values()], float), first)
        for name, by_seed in ((name, condition.runs.get(name)) for name in styles)
        if by_seed
    ]


def _answers(runs: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Answers on unknown items, and all, of each round [S, R]."""
    unknown = np.array([np.diff([0, *run.wasted]) for run in runs], float)
    return unknown, np.array([[len(query) for query in run.asked] for run in runs], float)


def _percents(share: float) -> str:
    return f"{100 * share:.4g}%"
