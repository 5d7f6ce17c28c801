"""E2OAL's share of known under three Gaussians of a score, and the candidates that it allows."""

import warnings
from heapq import heapify, heapreplace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count, as_finite, as_number, as_tensor
from openal.errors import ArrayError

__all__ = ["candidate_length", "known_share"]

PRIOR = np.array([0.0, 0.5, 1.0])
"""The share of known under the lowest, the middle and the highest component, before any answer."""

SAMPLE_SIZE = 20_000
"""So many values, evenly spaced among the sorted, tell how all are spread."""

LEAST_VARIANCE = 1e-6  # that a fit starts from, of values with variance 1: its inverse is a number
ROUNDING = 1e-9  # a sum of probabilities this near to the precision asked for reaches it


def known_share(values: Tensor, answered: Tensor, is_known: Tensor) -> Tensor:
    """The expected share of known among items with such values; larger with larger values (E2OAL).

    Three Gaussians of one variance are fitted to all values; the share of known under each is that
    of the answers which fall under it and of one more, whose share is 0, 1/2 and 1 from the lowest
    to the highest. A lower component never has a larger share. Where no three values are distinct:
    the share of known answers and of one more, whose share is 1/2.

    Args:
        values: (N,), a score of the candidates.
        answered: (m,), the same score of the answered.
        is_known: (m,), bool: which of these are of a known class.

    Returns:
        (N,) in [0, 1]; float64 for float64 values, else float32.

    Raises:
        ArrayError: values and answered that are not (N,) and (m,), or not finite; an is_known of
            another length; the message names the argument and the first bad row.

    Reference: E2OAL, arXiv 2603.07898, 2026, takes three components of unnamed use; that the
    answers under each say what it stands for, and the common variance, are ours.
    """
    values, answered = as_finite(values, "values", ndim=1), as_finite(answered, "answered", ndim=1)
    x, y = (v.detach().double().cpu().numpy()[:, None] for v in (values, answered))
    known = as_tensor(is_known, "is_known").double().cpu().numpy()
    if known.shape != answered.shape:
        shapes = f"{tuple(answered.shape)} and {known.shape}"
        raise ArrayError(f"answered and is_known must be as many, got {shapes}.")
    every = np.sort(np.concatenate([x, y]), axis=0)
    if len(np.unique(every)) < 3:
        return torch.full_like(values, float(known.sum() + 0.5) / (len(known) + 1))
    center, spread = every.mean(), every.std()
    mixture = _mixture((every - center) / spread)
    order = np.argsort(mixture.means_[:, 0])
    of_values, of_answers = (
        mixture.predict_proba((v - center) / spread)[:, order] if len(v) else np.zeros((0, 3))
        for v in (x, y)
    )
    share = (PRIOR + known @ of_answers) / (1 + of_answers.sum(axis=0))
    likely = of_values @ np.maximum.accumulate(share)
    return torch.from_numpy(likely.clip(0, 1)).to(values)


def _mixture(ordered: np.ndarray) -> Any:
    """The mixture of sorted values [n, 1], started from their thirds."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    places = np.linspace(0, len(ordered) - 1, min(len(ordered), SAMPLE_SIZE)).round().astype(int)
    sample = ordered[places]
    thirds = np.array_split(sample, 3)
    within = np.concatenate([third - third.mean() for third in thirds]).var()
    model = GaussianMixture(
        3,
        covariance_type="tied",
        init_params="random",
        random_state=0,
        means_init=np.array([[third.mean()] for third in thirds]),
        weights_init=np.full(3, 1 / 3),
        precisions_init=np.array([[1 / max(within, LEAST_VARIANCE)]]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(sample)


def candidate_length(known: Tensor, informativeness: Tensor, budget: int, precision: float) -> int:
    """How many first rows let their `budget` most informative be known often enough (E2OAL).

    The answer is the largest n from `budget` to N such that the best `budget` of the first n by
    `informativeness`, equal ones in order, have at least `precision` as their mean of `known`; else
    `budget`, or N where that is smaller. O(N log b).

    Args:
        known: (N,), the probability that each row is known; rows in order of purity.
        informativeness: (N,), of the same rows.
        budget: how many rows will be chosen, at least 1.
        precision: the mean of `known` that is asked for, in [0, 1].

    Returns:
        the number of rows, an int.

    Raises:
        ArrayError: known and informativeness that are not both (N,).
        ArgumentError: a `budget` that is no integer of at least 1, or a `precision` that is no
            finite number.

    Reference: E2OAL, arXiv 2603.07898, 2026.

    >>> import torch
    >>> known = torch.tensor([1.0, 1.0, 0.5, 0.0])
    >>> candidate_length(known, torch.tensor([0.1, 0.2, 0.3, 0.4]), 2, 0.75)
    3
    """
    count = as_count(budget, "budget", minimum=1)
    as_number(precision, "precision")
    if known.ndim != 1 or known.shape != informativeness.shape:
        shapes = f"{tuple(known.shape)} and {tuple(informativeness.shape)}"
        raise ArrayError(f"known and informativeness must be (N,), got {shapes}.")
    count = min(count, len(known))
    shares, values = known.double().tolist(), informativeness.double().tolist()
    best = [(value, -row) for row, value in enumerate(values[:count])]
    heapify(best)
    total, length = sum(shares[:count]), count
    enough = precision * count - ROUNDING
    for row in range(count, len(shares)):
        if values[row] > best[0][0]:
            _, left = heapreplace(best, (values[row], -row))
            total += shares[row] - shares[-left]
        if total >= enough:
            length = row + 1
    return length
