"""A stage that spreads the choice at random."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional import gradient_kmeans_pp, kmeans_pp
from openal.labeled import LabeledSet
from openal.parts import reads_of
from openal.pool import Pool
from openal.query import Chain
from openal.selection import GradientEmbedding, KMeansPlusPlus, Top
from openal.view import View

RNG = np.random.default_rng(0)
LOGITS, FEATURES = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 5))
POOL = Pool(logits=LOGITS, features=FEATURES)


def falling(view: View) -> Tensor:
    return torch.from_numpy(view.pool.indices).float()


def view() -> View:
    return POOL.view(LabeledSet(40, 3), reads=("features", "logits"), seed=4)


def test_gradients_are_given_by_their_factors() -> None:
    expected = gradient_kmeans_pp(
        torch.from_numpy(LOGITS), torch.from_numpy(FEATURES), 9, view().generator()
    )
    step = KMeansPlusPlus()(view(), 9)
    assert step.kept.tolist() == expected.tolist()
    assert step.scores is None


def test_vectors_may_be_a_signal_or_a_function() -> None:
    expected = kmeans_pp(torch.from_numpy(FEATURES), 9, view().generator()).tolist()
    assert KMeansPlusPlus("features")(view(), 9).kept.tolist() == expected
    assert KMeansPlusPlus(lambda v: v.pool["features"])(view(), 9).kept.tolist() == expected


def test_the_order_of_the_stages_before_draws_no_other_items() -> None:
    ranked = view().at(torch.arange(39, -1, -1))
    assert KMeansPlusPlus()(ranked, 9).kept.tolist() == KMeansPlusPlus()(view(), 9).kept.tolist()


def test_only_what_is_left_is_drawn() -> None:
    chain = Chain(Top(falling, factor=2), KMeansPlusPlus())
    query = chain.query(POOL, LabeledSet(40, 3), 6, seed=0)
    assert sorted(query.steps[0].kept) == list(range(28, 40))
    assert set(query.indices.tolist()) <= set(range(28, 40))


def test_signals_of_other_names() -> None:
    stage = KMeansPlusPlus(GradientEmbedding("z", features="h"))
    assert reads_of(stage) == ("h", "z")
    assert reads_of(KMeansPlusPlus("clip")) == ("clip",)
    assert eval(repr(stage)) == stage  # noqa: S307
    assert pickle.loads(pickle.dumps(stage)) == stage


@pytest.mark.parametrize("vectors", [3, None, GradientEmbedding])
def test_vectors_are_a_name_or_a_function(vectors: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^vectors must be"):
        KMeansPlusPlus(vectors)
