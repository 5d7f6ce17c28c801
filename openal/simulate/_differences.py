"""Paired differences over seeds, and the headroom of purity: how much there was to gain at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from openal.simulate.bounds import BASELINE, BOUNDS
from openal.simulate.loop import Run, Runs
from openal.simulate.metrics import aubc

__all__ = [
    "BASELINE",
    "LEAST_HEADROOM",
    "Difference",
    "area",
    "decides_nothing",
    "difference",
    "half_interval",
    "headroom",
    "headroom_note",
    "paired",
    "points",
    "reached_note",
]

CONFIDENCE = 0.95
LEAST_HEADROOM = 0.02
"""By less than this perfect purity gains so little that no purity can be told from another."""


@dataclass(frozen=True)
class Difference:
    """The `mean` difference of `n` pairs, and its t `interval`; of one pair there is none."""

    mean: float
    interval: tuple[float, float] | None
    n: int

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


def difference(
    mine: Mapping[int, Run], theirs: Mapping[int, Run], measure: Callable[[Run], float]
) -> Difference | None:
    """Mine minus theirs at the seeds of both, with a 95% t interval; None without such a seed.

    The runs of a seed share classes, pool and first answers, so the difference is within pairs:
    mean ± t(0.975, n - 1) s / √n.
    """
    seeds = sorted(mine.keys() & theirs.keys())
    return paired([measure(mine[seed]) - measure(theirs[seed]) for seed in seeds])


def paired(values: Sequence[float]) -> Difference | None:
    """The mean of differences with a 95% t interval; None of none."""
    if not values:
        return None
    if len(values) == 1:
        return Difference(values[0], None, 1)
    mean, half = fmean(values), half_interval(values)
    return Difference(mean, (mean - half, mean + half), len(values))


def half_interval(values: Sequence[float]) -> float:
    """Half the 95% t interval of the mean of two or more values."""
    from scipy.special import stdtrit

    n, quantile = len(values), (1 + CONFIDENCE) / 2
    return float(stdtrit(n - 1, quantile) * stdev(values) / n**0.5)


def area(run: Run) -> float:
    """The AUBC of a run, as `aubc` has it by default."""
    return aubc(run.accuracy)


def headroom(runs: Runs) -> Difference | None:
    """What perfect purity gains over Random in AUBC; None where one of the two was not run."""
    bound, baseline = runs.get(next(iter(BOUNDS))), runs.get(BASELINE)
    return None if bound is None or baseline is None else difference(bound, baseline, area)


def decides_nothing(gain: Difference | None) -> bool:
    """Whether a condition has too little headroom to tell purities apart."""
    return gain is not None and gain.mean < LEAST_HEADROOM


def headroom_note(runs: Runs) -> str | None:
    """A sentence on the headroom of a condition; None where it cannot be told."""
    gain = headroom(runs)
    if gain is None:
        return None
    less = f": less than {100 * LEAST_HEADROOM:g}, so this condition decides nothing about purity"
    return (
        f"Headroom: perfect purity is {points(gain)} points of AUBC above {BASELINE}"
        f"{less if decides_nothing(gain) else ''}."
    )


def reached_note(runs: Runs) -> str | None:
    """A sentence on how many answers are enough for the final accuracy of Random, by mean curves.

    None where Random was not run, or nothing beside it.
    """
    names = [name for name in runs if name != BASELINE and name not in BOUNDS]
    if BASELINE not in runs or not names:
        return None
    final, total = _curve(runs[BASELINE])[-1], _answers(runs[BASELINE], None)
    first = {
        name: next((at for at, value in enumerate(_curve(runs[name])) if value >= final), None)
        for name in names
    }
    enough = {name: _answers(runs[name], at) for name, at in first.items() if at is not None}
    told = [f"{name} {enough[name]}" for name in sorted(enough, key=lambda name: enough[name])]
    not_reached = [name for name in names if name not in enough]
    sentence = f"Answers to Random's final accuracy, of its {total}: {', '.join(told) or 'none'}"
    return f"{sentence}{'; not reached by ' if not_reached else ''}{', '.join(not_reached)}."


def _curve(by_seed: Mapping[int, Run]) -> list[float]:
    """The mean accuracy over seeds before the first query and after each."""
    return [fmean(values) for values in zip(*(run.accuracy for run in by_seed.values()))]  # noqa: B905


def _answers(by_seed: Mapping[int, Run], rounds: int | None) -> int:
    """How many answers the first queries cost at a seed."""
    return sum(len(asked) for asked in next(iter(by_seed.values())).asked[:rounds])


def points(by: Difference) -> str:
    """A difference of shares in points, with half its interval: +1.3 ± 0.4."""
    if by.interval is None:
        return f"{100 * by.mean:+.1f}"
    return f"{100 * by.mean:+.1f} ± {50 * (by.interval[1] - by.interval[0]):.1f}"
