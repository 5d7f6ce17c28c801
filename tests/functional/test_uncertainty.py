"""Uncertainties beside loops in float64, scipy, and values known by hand."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy
from torch import Tensor

from openal.errors import ArrayError
from openal.functional import _rows as rows
from openal.functional import bald, entropy, least_confidence, margin, mean_std, variation_ratio
from tests.walking import walked

Score = Callable[[Tensor], Tensor]
SINGLE: list[Score] = [entropy, least_confidence, margin]
SAMPLED: list[Score] = [variation_ratio, mean_std, bald]


def slow_entropy(p: np.ndarray) -> float:
    return -math.fsum(x * math.log(x) for x in p if x > 0)


def slow(score: Score, logits: np.ndarray) -> float:
    """One row, in float64, from the definition."""
    p = softmax(logits.astype(np.float64), axis=-1)
    if score is entropy:
        return slow_entropy(p)
    if score is least_confidence:
        return 1 - max(p)
    if score is margin:
        best, second = sorted([*p, 0.0], reverse=True)[:2]
        return 1 - (best - second)
    if score is variation_ratio:
        predicted = [list(sample).index(max(sample)) for sample in logits]
        return 1 - max(map(predicted.count, predicted)) / len(predicted)
    if score is mean_std:
        return float(np.mean([math.sqrt(max(np.mean(c**2) - np.mean(c) ** 2, 0)) for c in p.T]))
    return slow_entropy(p.mean(axis=0)) - float(np.mean([slow_entropy(sample) for sample in p]))


oracle_of_bald = slow
oracle_of_entropy = slow
oracle_of_least_confidence = slow
oracle_of_margin = slow
oracle_of_mean_std = slow
oracle_of_variation_ratio = slow


def check(score: Score, logits: np.ndarray, tolerance: float) -> None:
    expected = [slow(score, row) for row in logits]
    found = score(torch.from_numpy(logits))
    assert found.dtype == torch.from_numpy(logits).dtype
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)


@walked
@pytest.mark.parametrize("score", SINGLE + SAMPLED)
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 2e-6), (np.float64, 1e-7)])
def test_equals_its_definition(score: Score, dtype: type, tolerance: float) -> None:
    shape = (40, 7) if score in SINGLE else (40, 5, 7)
    logits = np.random.default_rng(0).normal(size=shape, scale=4).astype(dtype)
    check(score, logits, tolerance)


numbers = st.floats(-50, 50, width=32)


@pytest.mark.long
@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=numbers))
def test_any_logits(logits: np.ndarray) -> None:
    for score in SINGLE:
        check(score, logits, 2e-6)


@pytest.mark.long
@given(arrays(np.float32, st.tuples(*[st.integers(1, 4)] * 3), elements=numbers))
def test_any_samples(logits: np.ndarray) -> None:
    check(variation_ratio, logits, 1e-6)
    check(bald, logits, 5e-6)
    check(mean_std, logits.astype(np.float64), 1e-7)


def test_entropy_equals_scipy() -> None:
    logits = np.random.default_rng(1).normal(size=(30, 9))
    expected = scipy_entropy(softmax(logits, axis=1), axis=1)
    np.testing.assert_allclose(entropy(torch.from_numpy(logits)), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_a_certain_prediction_is_zero_and_an_even_one_is_not(dtype: torch.dtype) -> None:
    logits = torch.tensor([[1e4, -1e4, 0], [200, 0, 0], [-1e4, -1e4, -1e4]], dtype=dtype)
    assert entropy(logits).tolist() == pytest.approx([0, 0, math.log(3)])
    assert least_confidence(logits).tolist() == pytest.approx([0, 0, 2 / 3])
    assert margin(logits).tolist() == pytest.approx([0, 0, 1])


def test_no_negative_zero() -> None:
    assert not entropy(torch.tensor([[200.0, 0.0], [1e4, -1e4]])).signbit().any()


@pytest.mark.parametrize("score", SINGLE)
def test_the_largest_floats_are_fine(score: Score) -> None:
    assert score(torch.tensor([[3e38, -3e38], [3e38, 3e38]])).isfinite().all()


@pytest.mark.parametrize("score", SINGLE)
def test_one_class_is_certain(score: Score) -> None:
    assert score(torch.randn(4, 1)).tolist() == [0] * 4


@pytest.mark.parametrize("best", [2, 3, 500])
def test_the_margin_of_several_best_is_one_and_of_nearly_two_is_less(best: int) -> None:
    logits = torch.full((3, 500), -1.0)
    logits[0, -best:], logits[1, :best], logits[2, :2] = 4, 4, torch.tensor([4.0, 3.999])
    assert margin(logits)[:2].tolist() == [1, 1]
    check(margin, logits.numpy(), 2e-6)
    assert margin(logits)[2] < 1


@pytest.mark.parametrize("score", SAMPLED)
def test_one_sample_cannot_disagree(score: Score) -> None:
    assert score(torch.randn(4, 1, 6)).tolist() == [0] * 4


def test_variation_ratio_counts_predictions_not_probabilities() -> None:
    sure, torn = [9.0, 0.0], [0.0, 0.1]  # 1 - max_c mean_t p_tc would be 0.35
    assert variation_ratio(torch.tensor([[sure, torn, torn]])).tolist() == pytest.approx([1 / 3])


def test_mean_std_is_of_the_population() -> None:
    opposite = torch.tensor([[[200.0, 0.0], [0.0, 200.0]]])
    assert mean_std(opposite).tolist() == [0.5]


def test_bald_is_zero_for_samples_that_agree_and_never_below() -> None:
    alike = torch.randn(200, 1, 10).expand(-1, 7, -1)
    assert (bald(alike) >= 0).all()
    assert bald(alike).amax() < 5e-6


@walked
@pytest.mark.parametrize("score", SINGLE + SAMPLED)
def test_no_rows(score: Score) -> None:
    empty = torch.empty((0, 3) if score in SINGLE else (0, 2, 3))
    assert score(empty).shape == (0,)
    assert score(empty.double()).dtype == torch.float64


@walked
@pytest.mark.parametrize("score", SINGLE + SAMPLED)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_narrow_and_whole_numbers_are_computed_in_float32(score: Score, dtype: torch.dtype) -> None:
    logits = torch.randn((20, 4) if score in SINGLE else (20, 3, 4)).mul(5).to(dtype)
    assert torch.equal(score(logits), score(logits.float()))
    assert score(logits).dtype == torch.float32


@walked
@pytest.mark.parametrize("score", SINGLE + SAMPLED)
def test_blocks_and_threads_do_not_matter(score: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = torch.randn((303, 11) if score in SINGLE else (61, 4, 11))
    whole, threads = score(logits), torch.get_num_threads()
    try:
        for elements in (1, 500):
            monkeypatch.setattr(rows, "BLOCK_ELEMENTS", elements)
            for number in (1, 2):
                torch.set_num_threads(number)
                assert torch.equal(score(logits), whole)
    finally:
        torch.set_num_threads(threads)


@walked
@pytest.mark.parametrize("score", SINGLE + SAMPLED)
def test_layout_does_not_matter_and_nothing_is_changed(score: Score) -> None:
    logits = torch.randn((50, 6) if score in SINGLE else (50, 3, 6))
    before = logits.clone()
    turned = logits.transpose(0, -1).contiguous().transpose(0, -1).requires_grad_()
    assert torch.equal(score(turned), score(logits))
    assert torch.equal(logits, before)
    assert not score(turned).requires_grad


@walked
@pytest.mark.parametrize("score", SINGLE + SAMPLED)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_bad_row_is_named(
    score: Score, bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BLOCK_ELEMENTS", 60)  # so that it lies in a later block
    logits = torch.randn((40, 5) if score in SINGLE else (40, 2, 5))
    logits[33, ..., 2] = logits[37, ..., 0] = bad
    name = "logits" if score in SINGLE else "mc_logits"
    with pytest.raises(ArrayError, match=rf"^{name} must be finite; row 33 is not"):
        score(logits)


@walked
@pytest.mark.parametrize("score", SINGLE + SAMPLED)
def test_a_wrong_shape_is_refused(score: Score) -> None:
    ndim = 2 if score in SINGLE else 3
    with pytest.raises(ArrayError, match=f"must have {ndim} dimensions"):
        score(torch.randn(3))
    with pytest.raises(ArrayError, match=r"must have no empty row, got shape \(4, "):
        score(torch.empty((4, 2, 0)[-ndim:] if ndim == 3 else (4, 0)))
    with pytest.raises(ArrayError, match=r"must be real and dense"):
        score(torch.randn((2, 2, 2)[:ndim], dtype=torch.complex64))
