"""Real CLIP embeddings: 20 classes of Caltech-101 are known; the others and all pets are not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from openal.query import QueryStrategy
from openal.simulate import LabeledData, openset_split, simulate
from openal.strategies import JSOSAL, NEAT, LfOSA, Random, Uncertainty


@pytest.fixture(scope="module")
def data(shared_data: Callable[[str], Path]) -> LabeledData:
    caltech = np.load(shared_data("clip_vitb32/caltech101.npz"), allow_pickle=False)
    pets = np.load(shared_data("clip_vitb32/oxford_pets.npz"), allow_pickle=False)
    labels = np.concatenate([caltech["test_label"], 100 + pets["test_label"]])
    embeddings = np.concatenate([caltech["test_emb"], pets["test_emb"]])
    return LabeledData(labels.astype(np.int64), embeddings=embeddings.astype(np.float32))


@pytest.fixture(scope="module")
def precision(data: LabeledData) -> Callable[[QueryStrategy], float]:
    split = openset_split(
        data.labels, first=40, seed=0, known=range(20), protocol="known", test_share=0.25
    )
    assert split.ood_ratio > 0.5

    def measured(strategy: QueryStrategy) -> float:
        run = simulate(strategy, data, split, rounds=3, budget=40, progress=False)
        return float(np.mean(run.precision))

    return measured


@pytest.mark.long
@pytest.mark.parametrize("strategy", [NEAT(tie_break="nearest"), LfOSA(), JSOSAL()], ids=repr)
def test_open_set_strategies_find_known_items(
    strategy: QueryStrategy, precision: Callable[[QueryStrategy], float]
) -> None:
    assert precision(strategy) > precision(Random()) + 0.4


def test_uncertainty_finds_unknown_ones(precision: Callable[[QueryStrategy], float]) -> None:
    assert precision(Uncertainty()) < precision(Random())
