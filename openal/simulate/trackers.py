"""Metrics that follow a loop: update after each round's answers, compute of all of them.

Their mathematics is in `openal.simulate.metrics`; their manners are those of torchmetrics.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np

from openal._checks import as_finite, as_integers
from openal.simulate.metrics import aubc, query_precision, query_recall, wasted

__all__ = ["AUBC", "QueryPrecision", "QueryRecall", "Tracker", "Wasted"]


class Tracker:
    """Any function of labels, followed over rounds; the metrics below are such.

    `metric.update(labels)` takes in the answers [b] of a round: a list, an array or a tensor of
    classes, UNKNOWN and SKIPPED. `metric(labels)` also returns the round's value. `compute()` is
    the value of all rounds together, and `reset()` forgets them. A round that is refused leaves no
    trace; before the first, `compute()` says what `measure` says of no labels, maybe an error.

    With `so_far` the value of a round is that of all answers up to it, else of its own alone.
    """

    # Tuples, so that a copy and its original part ways.
    _rounds: tuple[np.ndarray, ...]
    _values: tuple[float, ...]

    def __init__(self, measure: Callable[[np.ndarray], float], *, so_far: bool = False) -> None:
        self._measure, self._so_far = measure, so_far
        self.reset()

    @property
    def values(self) -> tuple[float, ...]:
        """The value of each round, as in the columns of `Run`."""
        return self._values

    def update(self, labels: Any, /) -> None:
        """Take in the answers of one round."""
        rounds = (*self._rounds, self._read(labels))
        value = self._measure(np.concatenate(rounds if self._so_far else rounds[-1:]))
        self._rounds, self._values = rounds, (*self._values, value)

    def __call__(self, labels: Any, /) -> float:
        """Take in the answers of one round, and return the round's value."""
        self.update(labels)
        return self._values[-1]

    def compute(self) -> float:
        """The value of all rounds together."""
        return self._measure(np.concatenate([np.empty(0, np.int64), *self._rounds]))

    def reset(self) -> None:
        """Forget all rounds."""
        self._rounds, self._values = (), ()

    def _read(self, labels: Any) -> np.ndarray:
        return as_integers(labels, "labels")


class QueryPrecision(Tracker):
    """`query_precision` of each round, and of all answers; not the mean over the rounds.

    >>> precision = QueryPrecision()
    >>> precision([2, -1, 0, 0]), precision([1, -1])
    (0.75, 0.5)
    >>> precision.compute(), precision.values
    (0.6666666666666666, (0.75, 0.5))
    """

    def __init__(self) -> None:
        super().__init__(query_precision)


class QueryRecall(Tracker):
    """`query_recall` after each round; `initial` for the convention that counts first answers.

    >>> recall = QueryRecall(num_known=10)
    >>> recall([2, -1, 0, 0]), recall([1, -1])
    (0.3, 0.4)
    """

    def __init__(self, num_known: int, *, initial: int = 0) -> None:
        super().__init__(partial(query_recall, num_known=num_known, initial=initial), so_far=True)
        self.compute()  # refuses numbers that cannot be


class Wasted(Tracker):
    """`wasted` after each round: the number of answers, or with `share` their share of all.

    >>> count, share = Wasted(), Wasted(share=True)
    >>> count([2, -1, 0, 0]), count([1, -1]), share([2, -1, 0, 0])
    (1, 2, 0.25)
    """

    def __init__(self, *, share: bool = False) -> None:
        super().__init__(_wasted_share if share else wasted, so_far=True)


class AUBC(Tracker):
    """`aubc` of one value per round, such as an accuracy that was measured after it.

    >>> area = AUBC()
    >>> for accuracy in [0.5, 0.75, 0.75]:
    ...     area.update(accuracy)
    >>> area.compute()
    0.6875
    """

    def __init__(self, convention: Literal["trapezoid", "openal"] = "trapezoid") -> None:
        super().__init__(partial(aubc, convention=convention))
        self._measure(np.zeros(1))  # refuses what is no convention

    def _read(self, value: Any) -> np.ndarray:
        return as_finite(value, "value", ndim=0).double().cpu().numpy()[None]


def _wasted_share(labels: np.ndarray) -> float:
    return wasted(labels) / max(1, len(labels))
