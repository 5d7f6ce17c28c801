"""The tail's Weibull distribution against scipy's."""

import numpy as np
import pytest
import torch
from scipy.stats import weibull_min

from openal.functional._weibull import weibull_tails


@pytest.mark.parametrize("shift", [1e-6, 0.5, 1.0, 50.0])
def test_the_fit_is_that_of_scipy(shift: float) -> None:
    rng = np.random.default_rng(0)
    values, groups = torch.from_numpy(rng.gamma(2, size=90)), torch.arange(90) % 3
    tails = weibull_tails(values, groups, 3, tail=20, shift=shift)
    for group in range(3):
        largest = np.sort(values[groups == group].numpy())[-20:]
        x = largest - largest[0] + shift
        shape, _, scale = weibull_min.fit(x, floc=0)
        assert (shape < 1) == (shift < 1e-3)
        assert float(tails.shapes[group]) == pytest.approx(shape, rel=1e-3)
        assert float(tails.log_scales[group].exp()) == pytest.approx(scale, rel=1e-3)
        found = tails.at(torch.full((20,), group)).exceedance(torch.from_numpy(largest))
        assert found.numpy() == pytest.approx(weibull_min.cdf(x, shape, scale=scale), abs=1e-3)


def test_the_likelihood_is_not_below_that_of_scipy() -> None:
    x = np.random.default_rng(1).random(15) + 1
    tails = weibull_tails(
        torch.from_numpy(x - x.min()), torch.zeros(15).long(), 1, tail=15, shift=1
    )
    x = x - x.min() + 1
    shape, _, scale = weibull_min.fit(x, floc=0)
    ours = weibull_min.logpdf(x, float(tails.shapes[0]), scale=float(tails.log_scales[0].exp()))
    assert ours.sum() >= weibull_min.logpdf(x, shape, scale=scale).sum() - 1e-9


def test_only_the_largest_values_count() -> None:
    values = torch.tensor([1.0, 2.0, 3.0, 5.0, 8.0], dtype=torch.float64)
    few = weibull_tails(values, torch.zeros(5).long(), 1, tail=3, shift=1)
    same = weibull_tails(values[2:], torch.zeros(3).long(), 1, tail=3, shift=1)
    assert [each.tolist() for each in few] == [each.tolist() for each in same]


def test_two_values_are_no_tail() -> None:
    values = torch.tensor([1.0, 9.0, 1.0, 2.0, 3.0], dtype=torch.float64)
    tails = weibull_tails(values, torch.tensor([0, 0, 1, 1, 1]), 3, tail=20, shift=1)
    found = tails.at(torch.arange(3)).exceedance(torch.full((3,), 99.0, dtype=torch.float64))
    assert found.tolist() == [0, 1, 0]


def test_equal_values_make_a_step() -> None:
    values = torch.full((5,), 2.0, dtype=torch.float64)
    tails = weibull_tails(values, torch.zeros(5).long(), 1, tail=20, shift=1)
    at = torch.tensor([1.9, 2.1], dtype=torch.float64)
    assert tails.at(torch.zeros(2).long()).exceedance(at).tolist() == [0, 1]


def test_below_the_tail_nothing_is_far() -> None:
    values = torch.tensor([5.0, 6.0, 7.0], dtype=torch.float64)
    tails = weibull_tails(values, torch.zeros(3).long(), 1, tail=3, shift=1)
    at = torch.tensor([-9.0, 4.0, 7.0], dtype=torch.float64)
    found = tails.at(torch.zeros(3).long()).exceedance(at)
    assert found[:2].tolist() == [0, 0]
    assert found[2] > 0.5


def test_the_scale_is_exact() -> None:
    values = torch.from_numpy(np.random.default_rng(2).gamma(2, size=20))
    tails = weibull_tails(values, torch.zeros(20).long(), 1, tail=20, shift=1)
    x = values - values.min() + 1
    mean = ((x.log() - tails.log_scales) * tails.shapes).exp().mean()
    assert float(mean) == pytest.approx(1, rel=1e-12)  # scale^k is the mean of x^k
