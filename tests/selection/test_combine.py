"""Several scores as one."""

import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError, ScoreError
from openal.informativeness import Entropy
from openal.labeled import LabeledSet
from openal.parts import reads_of
from openal.pool import Pool
from openal.purity import Certainty, KnownNeighbors
from openal.selection import GeometricMean, Power, Product, Sum
from openal.view import View

VIEW = Pool(logits=np.random.default_rng(0).normal(size=(5, 3))).view(
    LabeledSet(5, 3), reads=("logits",)
)


@dataclass(frozen=True)
class Always:
    value: float

    def __call__(self, view: View) -> Tensor:
        return torch.full((len(view.pool),), self.value)


def test_the_product_and_the_sum() -> None:
    assert Product(Always(2), Always(3), Always(0.5))(VIEW).tolist() == [3] * 5
    assert Sum(Always(2), Always(3), Always(-0.5))(VIEW).tolist() == [4.5] * 5
    assert Product(Always(2))(VIEW).tolist() == [2] * 5


def test_results_are_double_precision() -> None:
    assert Product(Always(2), Always(3))(VIEW).dtype == torch.float64
    assert Sum(Always(2), Always(3))(VIEW).dtype == torch.float64


def test_the_factors_are_multiplied_item_by_item() -> None:
    expected = Certainty()(VIEW) * Entropy()(VIEW)
    assert torch.allclose(Product(Certainty(), Entropy())(VIEW), expected)


def test_mixtures_may_hold_mixtures() -> None:
    assert Sum(Product(Always(2), Always(3)), Always(1))(VIEW).tolist() == [7] * 5
    assert reads_of(Sum(Product(KnownNeighbors(), Entropy()), Always(1))) == (
        "embeddings",
        "logits",
    )


def test_a_part_that_is_not_finite_is_named() -> None:
    with pytest.raises(ScoreError, match=r"Always\(value=nan\) gives nan at index 0"):
        Product(Always(0), Always(float("nan")))(VIEW)


@pytest.mark.parametrize("kind", [Product, Sum])
def test_a_mixture_is_a_value(kind: Any) -> None:
    mixture = kind(Always(2), Entropy())
    assert eval(repr(mixture)) == mixture  # noqa: S307
    assert pickle.loads(pickle.dumps(mixture)) == mixture
    assert hash(mixture) == hash(kind(Always(2), Entropy()))
    assert mixture != kind(Entropy(), Always(2))
    assert mixture != (Sum if kind is Product else Product)(Always(2), Entropy())


@pytest.mark.parametrize("scores", [(), (3,), (Entropy(), None)])
def test_parts_are_scores(scores: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^Product takes one or more scores"):
        Product(*scores)


def test_a_product_of_negative_scores_would_turn_the_order_around() -> None:
    with pytest.raises(ScoreError, match="at least 0"):
        Product(lambda view: -torch.ones(len(view.pool)))(VIEW)


def test_the_geometric_mean_is_the_root_of_the_product() -> None:
    assert GeometricMean(Always(2), Always(8))(VIEW).tolist() == pytest.approx([4] * 5)
    assert GeometricMean(Always(3))(VIEW).tolist() == [3] * 5
    assert GeometricMean(Certainty(), Certainty()).role == "purity"


def test_a_power_of_a_score() -> None:
    assert Power(Always(3), exponent=2)(VIEW).tolist() == [9] * 5
    assert Power(Certainty(), exponent=2).role == "purity"
    assert reads_of(Power(Entropy(), exponent=0.5)) == ("logits",)


@pytest.mark.parametrize(
    "mixture", [GeometricMean(Always(-1)), Power(Always(-1), exponent=2)], ids=repr
)
def test_no_root_or_power_of_a_negative_score(mixture: Any) -> None:
    with pytest.raises(ScoreError, match=r"of at least 0; Always\(value=-1\) is negative at"):
        mixture(VIEW)


def test_an_exponent_is_above_0() -> None:
    with pytest.raises(ArgumentError, match=r"exponent must be .* above 0"):
        Power(Entropy(), exponent=0)
