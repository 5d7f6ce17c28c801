"""From values to pixels, with round numbers on the axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

__all__ = ["Scale", "fitted"]

MARGIN = 0.05
TICKS = 7


@dataclass(frozen=True)
class Scale:
    """A linear or logarithmic axis from low to high, in pixels from start to end."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        low, high, value = (self._place(each) for each in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """A few round values within the axis."""
        if not self.log:
            step = _step(self.high - self.low)
            return [k * step for k in range(ceil(self.low / step), floor(self.high / step) + 1)]
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        marks = [d * 10.0**k for k in powers for d in (1, 2, 5)]
        within = [each for each in marks if self.low <= each <= self.high]
        return (
            [each for each in within if log10(each).is_integer()] if len(within) > TICKS else within
        )

    def _place(self, value: float) -> float:
        return log10(max(value, self.low)) if self.log else value


def fitted(values: Sequence[float], start: float, end: float, *, log: bool = False) -> Scale:
    """An axis that just holds the values; a single value stands in its middle."""
    low, high = min(values), max(values)
    if log:
        return Scale(low / 1.3, high * 1.3, start, end, log=True)
    margin = MARGIN * (high - low) or max(abs(high), 1) * MARGIN
    return Scale(low - margin, high + margin, start, end)


def _step(span: float) -> float:
    """The least of 1, 2, 5, 10, ... that makes at most TICKS intervals."""
    unit = 10.0 ** floor(log10(span / TICKS))
    return next(unit * d for d in (1, 2, 5, 10, 20) if unit * d >= span / TICKS)
