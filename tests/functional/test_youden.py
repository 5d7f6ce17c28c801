"""Youden's threshold against a search over all thresholds."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from openal.errors import ArrayError
from openal.functional import youden_threshold


def j(scores: np.ndarray, is_known: np.ndarray, threshold: float) -> int:
    """Youden's J times the numbers of both kinds: a whole number."""
    above = scores > threshold
    known, unknown = is_known.sum(), (~is_known).sum()
    return int((above & is_known).sum() * unknown + (~above & ~is_known).sum() * known)


def largest_j(scores: np.ndarray, is_known: np.ndarray) -> int:
    """The largest J of all thresholds."""
    return max(j(scores, is_known, at) for at in [-math.inf, *scores])


oracle_of_youden_threshold = largest_j


@given(st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=30))
def test_no_threshold_is_better_and_none_lower_is_as_good(pairs: list[tuple[int, bool]]) -> None:
    scores = np.array([value for value, _ in pairs], np.float64)
    is_known = np.array([known for _, known in pairs])
    if is_known.all() or not is_known.any():
        return
    threshold = youden_threshold(torch.from_numpy(scores), torch.from_numpy(is_known))
    best = largest_j(scores, is_known)
    assert j(scores, is_known, threshold) == best
    lower = [at for at in [-math.inf, *scores] if (scores > at).sum() > (scores > threshold).sum()]
    assert all(j(scores, is_known, at) < best for at in lower)


def test_neighboring_floats_stay_apart() -> None:
    low = 1.0
    high = math.nextafter(low, 2)
    scores = torch.tensor([low, high], dtype=torch.float64)
    threshold = youden_threshold(scores, torch.tensor([False, True]))
    assert low <= threshold < high


def test_all_pass_where_nothing_is_told_apart() -> None:
    assert youden_threshold(torch.ones(4), torch.tensor([True, False, True, False])) == -math.inf


@pytest.mark.parametrize(
    "scores, is_known, words",
    [
        (
            torch.tensor([1.0, math.nan]),
            torch.tensor([True, False]),
            "scores must be finite; row 1",
        ),
        (torch.ones(2), torch.tensor([True, True]), "2 known, 0 unknown"),
        (torch.ones(2), torch.tensor([1, 0]), "is_known must be flags"),
        (torch.ones(2), torch.tensor([True]), r"is_known must be flags \[2\]"),
    ],
)
def test_bad_input_is_refused(scores: torch.Tensor, is_known: torch.Tensor, words: str) -> None:
    with pytest.raises(ArrayError, match=words):
        youden_threshold(scores, is_known)
