"""Paired differences over seeds, and the headroom of purity: how much there was to gain at all."""

from collections.abc import Callable, Mapping
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
    "headroom",
    "headroom_note",
    "points",
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
    values = [measure(mine[seed]) - measure(theirs[seed]) for seed in seeds]
    if not values:
        return None
    if len(values) == 1:
        return Difference(values[0], None, 1)
    from scipy.special import stdtrit

    mean, n = fmean(values), len(values)
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * stdev(values) / n**0.5
    return Difference(mean, (mean - half, mean + half), n)


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


def points(by: Difference) -> str:
    """A difference of shares in points, with half its interval: +1.3 ± 0.4."""
    if by.interval is None:
        return f"{100 * by.mean:+.1f}"
    return f"{100 * by.mean:+.1f} ± {50 * (by.interval[1] - by.interval[0]):.1f}"
