"""Learning Loss ranks by the predicted loss, and learns it where nobody offers it."""

import numpy as np
import pytest
import torch
from torch import nn

from openal import informativeness
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners import EmbeddingLossPredictor, LossPredictor
from openal.pool import Pool
from openal.selection import Top
from openal.strategies import LearningLoss

LOSS = np.random.default_rng(0).normal(size=30)


def test_the_largest_predicted_loss_is_asked() -> None:
    query = LearningLoss().query(Pool(predicted_loss=LOSS), LabeledSet(30, 3), 30)
    assert query.indices.tolist() == np.argsort(-LOSS).tolist()
    assert LearningLoss(predicted_loss="l").stages == (Top(informativeness.PredictedLoss("l")),)


def test_learners_go_by_the_options() -> None:
    options = {"margin": 2.0, "weight": 0.5, "joint_share": 0.3}
    items, embeddings = LearningLoss(**options).learners
    assert items == LossPredictor(**options)  # type: ignore[arg-type]
    assert embeddings == EmbeddingLossPredictor(**options)  # type: ignore[arg-type]


def test_what_the_pool_offers_goes_first() -> None:
    pool = Pool(predicted_loss=LOSS, embeddings=np.full((30, 2), np.nan))
    assert len(LearningLoss().query(pool, LabeledSet(30, 3), 5)) == 5


def test_a_learner_of_the_users_own() -> None:
    def factory(num_outputs: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, num_outputs))

    own = LossPredictor(factory, layers=("1", "2"), epochs=2, device="cpu")
    labeled = LabeledSet(30, 2)
    labeled.add([3, 4], [0, 1])
    pool = Pool(torch.randn(30, 4), predicted_loss=own)
    assert len(LearningLoss().query(pool, labeled, 5, seed=0, progress=False)) == 5


def test_options_that_cannot_be() -> None:
    with pytest.raises(ArgumentError, match="joint_share"):
        LearningLoss(joint_share=2)
