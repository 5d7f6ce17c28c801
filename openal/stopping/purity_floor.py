"""The floor of purity: stop once queries find too few items of known classes."""

import numpy as np

from openal._checks import as_count, as_number
from openal.stopping._counts import Rounds, answer_counts

__all__ = ["purity_floor", "purity_interval"]


def purity_floor(
    rounds: Rounds, floor: float, *, window: int = 3, confidence: float = 0.95
) -> bool:
    """Whether to stop: the last `window` queries surely find less than a share `floor` of known.

    "Surely" is when all of `purity_interval` lies below `floor`, so that one unlucky small round
    stops nothing. Before there are `window` queries with answers it is False.

    The question is asked anew every round: over a long project the chance that some interval
    misses the truth is larger than `1 - confidence`. A higher confidence or a longer window guards
    against that.

    Args:
        rounds: a labeled set, its history, or the labels [b] of each query, oldest first.
        floor: the share of known answers below which asking does not pay, 0 to 1.
        window: how many of the last queries are looked at, at least 1.
        confidence: that of the interval, between 0 and 1.

    Raises:
        ArgumentError: a number that cannot be, or `rounds` that are no rounds.

    >>> rounds = [[0, 1, -1, -1], [-1] * 10, [-1] * 10, [-1] * 10]
    >>> [purity_floor(rounds[:r], floor=0.2) for r in range(5)]
    [False, False, False, False, True]
    """
    floor = as_number(floor, "floor", minimum=0, maximum=1)
    last = _last(rounds, window)
    high = _interval(last, confidence)[1]
    return len(last) == window and high < floor


def purity_interval(
    rounds: Rounds, *, window: int = 3, confidence: float = 0.95
) -> tuple[float, float]:
    """Between which shares of known the last `window` queries found: (low, high).

    Wilson's score interval for the pooled answers, as if each were an independent draw; (0, 1)
    before the first. The share is `query_precision` without SKIPPED, which says nothing of purity.
    Queries without an answer are passed over, and so are the first answers of a labeled set.

    Args:
        rounds: a labeled set, its history, or the labels [b] of each query, oldest first.
        window: how many of the last queries are looked at, at least 1.
        confidence: that of the interval, between 0 and 1.

    Returns:
        The lower and the upper end, shares in 0..1.

    Raises:
        ArgumentError: a number that cannot be, or `rounds` that are no rounds.

    Reference: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
    JASA 22, 1927.

    >>> low, high = purity_interval([[0, 1, -1, -1, 2]])
    >>> round(low, 3), round(high, 3)
    (0.231, 0.882)
    """
    return _interval(_last(rounds, window), confidence)


def _last(rounds: Rounds, window: int) -> np.ndarray:
    """The known and unknown answers [<= window, 2] of the last queries that have any."""
    window = as_count(window, "window", minimum=1)
    counts = answer_counts(rounds, start=False)[:, :2]
    last: np.ndarray = counts[counts.sum(axis=1) > 0][-window:]
    return last


def _interval(counts: np.ndarray, confidence: float) -> tuple[float, float]:
    from scipy.stats import binomtest

    confidence = as_number(confidence, "confidence", above=0, below=1)
    known, unknown = counts.sum(axis=0).tolist()
    if not known + unknown:
        return 0.0, 1.0
    interval = binomtest(known, known + unknown).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
