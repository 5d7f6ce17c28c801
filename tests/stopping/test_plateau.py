"""The accuracy no longer rises, or it still does."""

from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError
from openal.stopping import accuracy_plateau
from tests.walking import walked


@walked
@pytest.mark.parametrize(
    "accuracies, stops",
    [
        ([], False),
        ([0.9], False),
        ([0.9, 0.9, 0.9], False),  # three rounds: nothing to rise from
        ([0.9, 0.9, 0.9, 0.9], True),
        ([0.9, 0.8, 0.7, 0.6], True),
        ([0.6, 0.7, 0.8, 0.9], False),
        ([0.5, 0.9, 0.8, 0.8, 0.8], True),
        ([0.5, 0.9, 0.8, 0.95, 0.8], False),
        ([0.95, 0.9, 0.91, 0.92, 0.93], True),  # it rises, but not above its best
    ],
)
def test_three_rounds_without_a_new_best_stop(accuracies: list[float], stops: bool) -> None:
    assert accuracy_plateau(accuracies) is stops


def test_a_slow_rise_adds_up() -> None:
    creeping = [0.50, 0.51, 0.52, 0.53]
    assert not accuracy_plateau(creeping, patience=3, min_delta=0.02)
    assert accuracy_plateau(creeping, patience=1, min_delta=0.02)


@pytest.mark.parametrize("kind", [np.array, torch.tensor, tuple])
def test_accuracies_come_as_they_come(kind: Any) -> None:
    assert accuracy_plateau(kind([0.9, 0.9, 0.9, 0.9]))
    assert accuracy_plateau([torch.tensor(0.9)] * 4)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("accuracies", [0.5, float("nan")]),
        ("accuracies", 0.5),
        ("patience", 0),
        ("min_delta", -0.1),
    ],
)
def test_errors_name_the_argument(argument: str, value: Any) -> None:
    arguments: dict[str, Any] = {"accuracies": [0.5], argument: value}
    with pytest.raises(ArgumentError, match=argument):
        accuracy_plateau(**arguments)
