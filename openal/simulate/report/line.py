"""A curve against rounds, over several seeds."""

from dataclasses import dataclass

import numpy as np

from openal.simulate.report.style import Style

__all__ = ["Line"]

MARKED = 12  # more markers hide the line


@dataclass(frozen=True, eq=False)
class Line:
    """Values of the seeds [S, R], from round `first` on."""

    name: str
    style: Style
    values: np.ndarray
    first: int

    @property
    def rounds(self) -> list[int]:
        """The rounds of the values [R]."""
        return list(range(self.first, self.first + self.values.shape[1]))

    @property
    def mean(self) -> list[float]:
        """The means over seeds [R]."""
        return [float(each) for each in self.values.mean(axis=0)]

    @property
    def deviation(self) -> list[float] | None:
        """The standard deviations over seeds [R], or None for one seed."""
        if len(self.values) < 2:
            return None
        return [float(each) for each in self.values.std(axis=0, ddof=1)]

    def band(self, top: float) -> tuple[list[float], list[float]] | None:
        """Mean ± deviation, as far as values can go; or None for one seed."""
        if self.deviation is None:
            return None
        low, high = (
            np.clip(np.add(self.mean, sign * np.array(self.deviation)), 0, top) for sign in (-1, 1)
        )
        return low.tolist(), high.tolist()

    @property
    def every(self) -> int:
        """Which rounds have a marker: every so many."""
        return -(-len(self.rounds) // MARKED)
