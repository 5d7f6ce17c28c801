"""A function of rows becomes a score: tensors or arrays, turned around, and refused in one line."""

import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.ensemble import IsolationForest
from torch import Tensor

from openal import Chain
from openal.errors import ArgumentError, ScoreError
from openal.integrations import RowScore
from openal.selection import Filter, Top
from openal.testing import check_strategy
from openal.testing._world import world

WORLD = world()


def first_column(block: Tensor) -> Tensor:
    return block[:, 0]


def first_column_as_array(block: Tensor) -> Any:
    return np.asarray(block)[:, 0]


def whole_block(block: Tensor) -> Tensor:
    return block


def asked(score: RowScore) -> Any:
    return Chain(Top(score)).query(WORLD.pool, WORLD.labeled, 6, seed=0, progress=False)


@pytest.mark.parametrize("function", [first_column, first_column_as_array])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_values_are_asked(function: Any, sign: Any) -> None:
    query = asked(RowScore(function, "embeddings", sign=sign))
    values = sign * WORLD.signals["embeddings"][:, 0]
    open_ = WORLD.labeled.unlabeled_indices
    assert query.indices.tolist() == open_[np.argsort(-values[open_])][:6].tolist()
    assert query.scores.tolist() == values[query.indices].tolist()


def test_the_role_is_the_querys() -> None:
    query = asked(RowScore(first_column, role="purity"))
    assert query.purity is not None and query.informativeness is None


def test_a_method_of_scikit_learn_is_a_function_of_rows() -> None:
    forest = IsolationForest(n_estimators=10, random_state=0).fit(WORLD.signals["embeddings"])
    query = asked(RowScore(forest.score_samples, role="purity"))
    expected = forest.score_samples(WORLD.signals["embeddings"])[query.indices]
    assert torch.allclose(query.purity, torch.from_numpy(expected).float())
    assert pickle.loads(pickle.dumps(RowScore(forest.score_samples))).signal == "embeddings"


def test_half_precision_comes_as_single() -> None:
    made = WORLD.offering({"embeddings": WORLD.signals["embeddings"].astype(np.float16)})
    query = Chain(Top(RowScore(first_column))).query(made.pool, made.labeled, 6, seed=0)
    assert query.scores is not None and query.scores.dtype == torch.float32


def test_a_wrong_result_names_the_function() -> None:
    with pytest.raises(ScoreError, match=r"whole_block.*one number per row"):
        asked(RowScore(whole_block))


@pytest.mark.parametrize("options", [{"role": "both"}, {"sign": 0}, {"sign": 2.5}])
def test_options_are_checked(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        RowScore(first_column, **options)
    with pytest.raises(ArgumentError, match="function"):
        RowScore("first_column")  # type: ignore[arg-type]


@pytest.mark.long
def test_it_passes_the_battery() -> None:
    pure = RowScore(torch.Tensor.sum, "embeddings")
    assert pure.signal == "embeddings"
    score = RowScore(first_column, role="purity")
    check_strategy(Chain(Filter(score, above=0.0), Top(RowScore(first_column, "logits", sign=-1))))


def test_a_partial_keeps_its_options() -> None:
    query = asked(RowScore(partial(torch.mean, dim=1)))
    expected = torch.from_numpy(WORLD.signals["embeddings"][query.indices]).mean(dim=1)
    assert torch.allclose(query.scores, expected)
