"""The cosine with the nearest known item; what was answered UNKNOWN says nothing."""

import numpy as np
import pytest
import torch

from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import NearestKnown
from openal.view import View


def view_of(z: np.ndarray, answers: dict[int, int]) -> View:
    labeled = LabeledSet(len(z), 2)
    labeled.add(list(answers), list(answers.values()))
    return Pool(embeddings=z).view(labeled, reads=("embeddings",))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("twice", [False, True])
def test_it_is_the_largest_cosine(seed: int, twice: bool) -> None:
    z = np.random.default_rng(seed).normal(size=(40, 6))
    z = z[np.arange(40) // 2] if twice else z
    view = view_of(z, {3: 0, 8: UNKNOWN, 11: 1, 12: 0})
    units = z / np.linalg.norm(z, axis=1, keepdims=True)
    expected = (units[view.pool.indices] @ units[[3, 11, 12]].T).max(axis=1)
    np.testing.assert_allclose(NearestKnown()(view), expected, atol=1e-9)


@pytest.mark.parametrize("answers", [{}, {0: UNKNOWN}])
def test_before_any_known_answer_all_score_0(answers: dict[int, int]) -> None:
    assert NearestKnown()(view_of(np.eye(4), answers)).unique().tolist() == [0.0]


def test_rows_of_zeros_score_0() -> None:
    scores = NearestKnown()(view_of(np.array([[1.0, 0], [0, 0], [-1, 0]]), {0: 0}))
    assert scores.tolist() == [0.0, -1.0]
    assert scores.dtype == torch.float64
