"""How sure is the classifier?"""

import numpy as np
import pytest
from scipy.stats import entropy

from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.purity import Certainty


def scores(logits: np.ndarray) -> np.ndarray:
    labeled = LabeledSet(len(logits), logits.shape[1])
    found: np.ndarray = Certainty()(Pool(logits=logits).view(labeled, reads=("logits",))).numpy()
    return found


def test_one_minus_the_share_of_the_largest_entropy() -> None:
    logits = np.random.default_rng(0).normal(size=(9, 4))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert scores(logits) == pytest.approx(1 - entropy(p, axis=1) / np.log(4))


def test_sure_is_one_and_uniform_is_zero() -> None:
    assert scores(np.array([[900.0, 0, 0], [2, 2, 2]])) == pytest.approx([1, 0])


def test_one_class_is_sure() -> None:
    assert scores(np.zeros((3, 1))).tolist() == [1, 1, 1]
