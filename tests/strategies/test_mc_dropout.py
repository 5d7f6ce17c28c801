"""BALD, MeanSTD, VariationRatio and BatchBALD."""

from typing import Any

import numpy as np
import pytest
import torch

from openal import informativeness, selection
from openal.errors import ArgumentError, MissingSignalError
from openal.functional import bald, mean_std, variation_ratio
from openal.labeled import LabeledSet
from openal.learners import DropoutClassifier, EmbeddingDropout
from openal.pool import Pool
from openal.selection import Top
from openal.strategies import BALD, BatchBALD, MeanSTD, VariationRatio

MC = np.random.default_rng(0).normal(size=(50, 7, 3)) * 3
EACH = [BALD(), MeanSTD(), VariationRatio(), BatchBALD()]


@pytest.mark.parametrize("strategy, function", [(BALD(), bald), (MeanSTD(), mean_std)])
def test_the_order_is_that_of_the_definition(strategy: Any, function: Any) -> None:
    query = strategy.query(Pool(mc_logits=MC), LabeledSet(50, 3), 50)
    expected = function(torch.tensor(MC)).argsort(descending=True, stable=True)
    assert query.indices.tolist() == expected.tolist()


def test_equal_ratios_go_by_bald() -> None:
    query = VariationRatio().query(Pool(mc_logits=MC), LabeledSet(50, 3), 50)
    ratio, tie = variation_ratio(torch.tensor(MC)).numpy(), bald(torch.tensor(MC)).numpy()
    assert query.indices.tolist() == np.lexsort((-tie, -ratio)).tolist()
    assert query.scores is not None
    assert query.scores.tolist() == pytest.approx(np.sort(ratio)[::-1].tolist())


def test_batch_bald_narrows_and_then_chooses_jointly() -> None:
    strategy = BatchBALD(factor=3, configurations=9, mc_logits="ensemble")
    assert strategy.stages == (
        Top(informativeness.MutualInformation("ensemble"), factor=3),
        selection.JointInformation(9, mc_logits="ensemble"),
    )
    query = strategy.query(Pool(ensemble=MC), LabeledSet(50, 3), 5, seed=0)
    assert len(query.steps[0].kept) == 15
    assert set(query.indices.tolist()) <= set(query.steps[0].kept.tolist())
    assert 0 < query.diagnostics["batch_information"] <= np.log(7) + 1e-6
    assert query.informativeness is not None


def test_batch_bald_spreads_where_bald_repeats() -> None:
    z = MC[[0, 0, 0, 0, 1, 2, 3]]
    pool, labeled = Pool(mc_logits=z), LabeledSet(7, 3)
    assert len({tuple(z[i].ravel()) for i in BatchBALD().query(pool, labeled, 4)}) == 4


@pytest.mark.parametrize("strategy", EACH, ids=repr)
def test_learners_go_by_the_options(strategy: Any) -> None:
    samples = strategy.samples
    assert strategy.learners == (DropoutClassifier(samples, 0.5), EmbeddingDropout(samples, 0.5))
    other = type(strategy)(samples=3, p=0.2)
    assert other.learners == (DropoutClassifier(3, 0.2), EmbeddingDropout(3, 0.2))


def test_logits_alone_are_no_samples() -> None:
    with pytest.raises(MissingSignalError, match="mc_logits"):
        BALD().query(Pool(logits=MC[:, 0]), LabeledSet(50, 3), 5)


@pytest.mark.parametrize("options", [{"factor": 0.5}, {"configurations": 0}, {"samples": 0}])
def test_options_that_cannot_be(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        BatchBALD(**options)
