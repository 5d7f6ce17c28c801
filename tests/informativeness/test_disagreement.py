"""Do the samples of a network disagree, and how wrong does it expect to be?"""

from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArrayError
from openal.functional import bald, mean_std, variation_ratio
from openal.informativeness import (
    Disagreement,
    MeanStandardDeviation,
    MutualInformation,
    PredictedLoss,
)
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.view import Blocks

MC = np.random.default_rng(0).normal(size=(30, 5, 3)) * 3
PARTS = [
    (MutualInformation, bald),
    (MeanStandardDeviation, mean_std),
    (Disagreement, variation_ratio),
]


def scores(part: Any, num_classes: int = 3, rows: int | None = None, **signals: Any) -> Any:
    labeled = LabeledSet(len(next(iter(signals.values()))), num_classes)
    pool = Pool(**signals).with_engine(Blocks(rows))
    return part(pool.view(labeled, reads=signals))


@pytest.mark.parametrize("kind, function", PARTS)
def test_is_the_function_of_the_signal_it_names(kind: Any, function: Any) -> None:
    expected = function(torch.tensor(MC))
    assert scores(kind(), mc_logits=MC).equal(expected)
    assert scores(kind(mc_logits="ensemble"), ensemble=MC, rows=7).equal(expected)


@pytest.mark.parametrize("kind, _", PARTS)
def test_samples_that_agree_score_zero(kind: Any, _: Any) -> None:
    assert scores(kind(), mc_logits=np.repeat(MC[:, :1], 4, axis=1)).abs().max() < 1e-12


@pytest.mark.parametrize("kind, _", PARTS)
def test_samples_have_a_column_for_each_class(kind: Any, _: Any) -> None:
    with pytest.raises(ArrayError, match="'mc_logits' must have 4 columns"):
        scores(kind(), num_classes=4, mc_logits=MC)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_predicted_loss_is_the_score(shape: tuple[int, ...]) -> None:
    values = np.array([0.5, -3, 2, 0], np.float32)
    assert scores(PredictedLoss(), predicted_loss=values.reshape(shape)).tolist() == values.tolist()


def test_half_precision_is_computed_in_single() -> None:
    assert scores(PredictedLoss("l"), l=np.ones(3, np.float16)).dtype == torch.float32


def test_predicted_loss_is_one_number() -> None:
    with pytest.raises(ArrayError, match="'predicted_loss' must be one number per item"):
        scores(PredictedLoss(), predicted_loss=np.ones((3, 2)))
