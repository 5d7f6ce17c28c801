"""Paired differences over seeds, and numbers as people read them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from openal.simulate.loop import Run

__all__ = ["Difference", "difference", "percent", "signed"]

CONFIDENCE = 0.95


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


def percent(share: float) -> str:
    """A share as a percentage without its sign: 0.9534 as 95.34."""
    return f"{100 * share:.2f}"


def signed(text: str) -> str:
    """A number with its sign, and a minus as wide as the plus: zero has none."""
    if not float(text):
        return text.lstrip("-")
    return f"−{text[1:]}" if text.startswith("-") else f"+{text}"
