"""Inconsistency beside equation 5 in loops, scipy, and torch's own cross-entropy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from torch.nn.functional import cross_entropy

from openal.errors import ArrayError
from openal.functional import inconsistency, neighbor_votes


def slow(logits: np.ndarray, votes: np.ndarray) -> list[float]:
    """Equation 5, literally: -sum_c P_c log(softmax(V)_c), in float64."""
    result = []
    for z, v in zip(logits.astype(np.float64), votes.astype(np.float64), strict=True):
        p, share = softmax(z), softmax(v)
        result.append(-math.fsum(p[c] * math.log(share[c]) for c in range(len(z))))
    return result


oracle_of_inconsistency = slow


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_equation_5(dtype: torch.dtype) -> None:
    logits = torch.randn(60, 8, dtype=dtype) * 4
    votes = neighbor_votes(torch.randint(-1, 8, (60, 10)), 8).to(dtype)
    found = inconsistency(logits, votes)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, slow(logits.numpy(), votes.numpy()), rtol=2e-5)


@pytest.mark.long
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 12))
def test_equals_logsumexp_less_the_product(seed: int, num_classes: int, k: int) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(5, num_classes), scale=3)
    votes = random.multinomial(k, [1 / num_classes] * num_classes, size=5).astype(np.float64)
    expected = logsumexp(votes, axis=1) - (softmax(logits, axis=1) * votes).sum(axis=1)
    found = inconsistency(torch.from_numpy(logits), torch.from_numpy(votes))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_equals_the_cross_entropy_with_votes_as_logits() -> None:
    logits, votes = torch.randn(30, 5), torch.rand(30, 5) * 10
    expected = cross_entropy(votes, logits.softmax(dim=1), reduction="none")
    torch.testing.assert_close(inconsistency(logits, votes), expected)


def test_unanimous_neighbors_that_disagree_score_highest() -> None:
    votes = torch.tensor([[10.0, 0.0, 0.0]] * 3)
    agree, torn, disagree = inconsistency(
        torch.tensor([[9.0, 0, 0], [0, 0, 0], [0, 9.0, 0]]), votes
    )
    assert agree < 0.01 < torn < disagree <= 10.001


def test_no_votes_give_log_k_and_nothing_is_negative() -> None:
    found = inconsistency(torch.randn(20, 4) * 50, torch.zeros(20, 4))
    torch.testing.assert_close(found, torch.full((20,), math.log(4)))
    certain = inconsistency(torch.tensor([[1e4, 0.0]]), torch.tensor([[1e4, 0.0]]))
    assert certain.tolist() == [0]


def test_huge_numbers_are_fine() -> None:
    assert inconsistency(torch.tensor([[3e38, -3e38]]), torch.tensor([[3e38, -3e38]])).tolist() == [
        0
    ]


def test_no_rows_and_one_class() -> None:
    assert inconsistency(torch.empty(0, 3), torch.empty(0, 3)).shape == (0,)
    assert inconsistency(torch.randn(4, 1), torch.ones(4, 1)).tolist() == [0] * 4


def test_the_dtype_is_that_of_the_logits() -> None:
    logits, votes = torch.randn(6, 3), torch.ones(6, 3)
    assert inconsistency(logits.half(), votes).dtype == torch.float32
    assert inconsistency(logits.double(), votes).dtype == torch.float64
    assert inconsistency(logits, votes.double()).dtype == torch.float32
    assert torch.equal(inconsistency(logits, votes.long()), inconsistency(logits, votes))


@pytest.mark.parametrize("name", ["logits", "votes"])
def test_the_first_bad_row_is_named(name: str) -> None:
    arrays = {"logits": torch.randn(9, 2), "votes": torch.ones(9, 2)}
    arrays[name][7, 1] = math.nan
    with pytest.raises(ArrayError, match=rf"^{name} must be finite; row 7 is not"):
        inconsistency(**arrays)


def test_shapes_must_be_equal() -> None:
    expected = r"votes must have the shape of logits, \(4, 3\); got \(4, 2\)"
    with pytest.raises(ArrayError, match=expected):
        inconsistency(torch.randn(4, 3), torch.randn(4, 2))
    with pytest.raises(ArrayError, match="must have 2 dimensions"):
        inconsistency(torch.randn(4), torch.randn(4))
