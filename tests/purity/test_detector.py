from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import PredictedKnown
from openal.selection import Filter
from openal.view import View

LOGITS = np.array([[3.0, 0, 1], [0, 1, 2], [0, 2, 2], [0, 0, 5], [0, 9, 0]])


def given(view: View) -> Tensor:
    return torch.tensor([-5.0, 0.1, 7.0, 1e6, 0.0])[torch.from_numpy(view.pool.indices)]


def view_of() -> View:
    return Pool(detector_logits=LOGITS).view(LabeledSet(5, 2), reads=("detector_logits",))


def test_one_where_the_largest_output_is_known() -> None:
    assert PredictedKnown(given)(view_of()).tolist() == pytest.approx([1, 0, 1, 0, 1], abs=1e-8)


def test_equals_are_in_the_order_of_the_score() -> None:
    assert PredictedKnown(given)(view_of()).argsort(descending=True).tolist() == [2, 4, 0, 3, 1]


def test_a_filter_fills_up_in_that_order() -> None:
    step = Filter(PredictedKnown(given), above=0.5)(view_of(), 4)
    assert step.rows.tolist() == [2, 4, 0, 3]
    assert step.n_filled == 1


@pytest.mark.parametrize("order", [0.5, PredictedKnown])
def test_the_order_is_a_score(order: Any) -> None:
    with pytest.raises(ArgumentError, match="order must be"):
        PredictedKnown(order)
