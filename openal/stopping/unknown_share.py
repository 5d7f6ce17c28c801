"""The share of a query that is expected to be unknown, and so wasted."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from openal._checks import as_count, as_finite
from openal.errors import ArgumentError, ArrayError
from openal.labeled import UNKNOWN, LabeledSet
from openal.stopping._counts import rounds_of
from openal.view import Round

__all__ = ["expected_unknown_share"]


def expected_unknown_share(
    purity: Any, rounds: LabeledSet | Iterable[Round] | None = None, *, window: int = 3
) -> float:
    """The share of a query that is expected to be unknown, from its purity.

    Without `rounds` each purity is taken at its word, as the probability of being known. With
    them it is calibrated: the probability is what the last `window`
    rounds with purities were answered at such a purity. It is then of any scale, and NaN before
    the first such answer: no comparison with NaN is true, so nothing stops. `begin_round` is what
    keeps a query's purities; SKIPPED and pending items do not count.

    What is assumed: a purer item is known at least as often (an isotonic regression), a purity
    means today what it meant in these rounds, and beyond the purities that were answered all is
    as at the nearest one. The answers count as 1 - 1 / (known + 2) and 1 / (unknown + 2), not as 1
    and 0, so that few answers do not make a certainty.

    Args:
        purity: that of the query's items [b].
        rounds: a labeled set or its history.
        window: how many of the last rounds with purities count, at least 1.

    Returns:
        A share in 0..1, or NaN.

    Raises:
        ArgumentError: no purity, a window below 1, or `rounds` that are no history.
        ArrayError: without `rounds`, a purity that is no probability.

    Reference: Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass
    Probability Estimates", KDD 2002; the answers' values: Platt, "Probabilistic Outputs for Support
    Vector Machines", 1999.

    >>> expected_unknown_share([0.75, 0.5, 0.25])
    0.5
    """
    query = as_finite(purity, "purity", ndim=1).double().cpu().numpy()
    window = as_count(window, "window", minimum=1)
    if not len(query):
        raise ArgumentError("purity is empty; nothing is asked.")
    known = _probabilities(query) if rounds is None else _calibrated(query, rounds, window)
    return float(1 - known.mean())


def _probabilities(purity: np.ndarray) -> np.ndarray:
    outside = np.flatnonzero((purity < 0) | (purity > 1))
    if len(outside):
        value = f"purity[{outside[0]}] is {purity[outside[0]]:g}"
        raise ArrayError(f"{value}; without rounds to calibrate by, a probability was expected.")
    return purity


def _calibrated(
    purity: np.ndarray, rounds: LabeledSet | Iterable[Round], window: int
) -> np.ndarray:
    from sklearn.isotonic import IsotonicRegression

    purities, known = _answered(rounds, window)
    if not len(known):
        return np.full(len(purity), np.nan)
    values = np.where(known, 1 - 1 / (known.sum() + 2), 1 / ((~known).sum() + 2))
    fitted = IsotonicRegression(out_of_bounds="clip").fit(purities, values)
    return np.asarray(fitted.predict(purity))


def _answered(rounds: LabeledSet | Iterable[Round], window: int) -> tuple[np.ndarray, np.ndarray]:
    """The purities [m] of what the last rounds with purities answered, and whether it was known."""
    pairs = [
        (past.purity[answered], past.labels[answered] >= 0)
        for past in map(_as_round, rounds_of(rounds))
        if past.purity is not None and (answered := past.labels >= UNKNOWN).any()
    ]
    nothing = np.empty(0), np.empty(0, bool)
    columns = zip(nothing, *pairs[-window:], strict=True)
    purities, known = (np.concatenate(column) for column in columns)
    return purities, known


def _as_round(value: Any) -> Round:
    if not isinstance(value, Round):
        raise ArgumentError(f"rounds must be a LabeledSet or its history, found {value!r:.60}.")
    return value
