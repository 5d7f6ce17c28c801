"""Means, spreads and paired differences over seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from openal.simulate.loop import Run

__all__ = ["Difference", "Spread", "difference", "percent", "signed", "spread"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over n seeds; of one seed there is no deviation."""

    mean: float
    deviation: float | None
    n: int

    def shown(self, show: Callable[[float], str]) -> str:
        """Mean ± deviation."""
        return show(self.mean) + ("" if self.deviation is None else f" ± {show(self.deviation)}")


@dataclass(frozen=True)
class Difference:
    """The mean difference of pairs, and its t interval; of one pair there is no interval."""

    mean: float
    interval: tuple[float, float] | None
    n: int

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


def spread(values: Sequence[float]) -> Spread:
    """Mean and deviation of at least one value."""
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, len(values))


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


def percent(share: float) -> str:
    """A share as a percentage without its sign: 0.9534 as 95.34."""
    return f"{100 * share:.2f}"


def signed(text: str) -> str:
    """A number with its sign, and a minus as wide as the plus: zero has none."""
    if not float(text):
        return text.lstrip("-")
    return f"−{text[1:]}" if text.startswith("-") else f"+{text}"
