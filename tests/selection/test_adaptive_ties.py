"""Precisions that lie exactly at a threshold of the adaptive stages, in numbers that are exact."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.selection import Adaptive, TargetPrecision, Top
from openal.view import Round, View

N = 40


def value(view: View) -> Tensor:
    return view.pool["value"].flatten()


def other(view: View) -> Tensor:
    return -value(view)


def view(*rounds: tuple[int, int], values: Tensor | None = None) -> View:
    """A pool after rounds with so many known and unknown answers."""
    signal = torch.arange(N, dtype=torch.float64) if values is None else values
    history = []
    for known, unknown in rounds:
        labels = np.array([0] * known + [UNKNOWN] * unknown, np.int64)
        history.append(Round(np.arange(len(labels)), labels, np.zeros(len(labels))))
    made = Pool(value=signal).view(LabeledSet(len(signal), 2), reads=("value",))
    return replace(made, history=tuple(history))


@pytest.mark.parametrize(
    "known, expected",
    [(3, 4.0), (4, 5.0), (8, 5.0), (12, 5.0), (13, 6.0)],  # of 16: 1/4 and 3/4 are the thresholds
)
def test_a_precision_at_a_threshold_changes_nothing(known: int, expected: float) -> None:
    stage = Adaptive(Top(value, factor=5.0), target=0.5, tolerance=0.25)
    step = stage(view((known, 16 - known)), 2)
    assert step.stage.factor == expected


@pytest.mark.parametrize("known, expected", [(7, 4.0), (8, 5.0), (9, 6.0)])
def test_without_tolerance_only_the_target_itself_changes_nothing(
    known: int, expected: float
) -> None:
    stage = Adaptive(Top(value, factor=5.0), target=0.5, tolerance=0.0)
    assert stage(view((known, 16 - known)), 2).stage.factor == expected


def test_a_list_that_is_expected_to_reach_the_precision_exactly_is_long_enough() -> None:
    known = torch.tensor([1.0, 1.0, 0.5, 0.5, 0.25, 0.0])  # the last two of n are asked
    stage = TargetPrecision(value, then=other, precision=0.5)
    assert stage(view(values=known), 2).rows.tolist() == [0, 1, 2, 3]
