"""Two Gaussians per group, against scikit-learn from the same start and against a short loop."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from openal.errors import ArgumentError, ArrayError
from openal.functional import mixture
from openal.functional._gaussian_mixture import Moments, Segments, two_means
from openal.functional.mixture import mixture_posterior
from tests.walking import walked

JSOSAL: dict[str, Any] = {
    "bayesian": True,
    "tied": True,
    "standardize": True,
    "weight_concentration": 10.0,
    "mean_precision": 0.01,
    "max_iter": 200,
    "tol": 1e-3,
}
PROCESS: dict[str, Any] = {"bayesian": True, "dirichlet_process": True, "max_iter": 50}
BAYESIAN: dict[str, Any] = {"bayesian": True, "max_iter": 50}
SETTINGS: list[dict[str, Any]] = [{}, {"tied": True}, BAYESIAN, PROCESS, JSOSAL]
SIZES = [2, 3, 5, 30, 200]
SHAPES = ["normal", "skewed", "two", "narrow"]

# Numbers with three digits: far from the rounding that decides nothing but the sign of a zero gap.
numbers = st.integers(-10_000, 10_000).map(lambda number: number / 1000)
samples = st.lists(numbers, min_size=2, max_size=12)


def alone(values: Any, **options: Any) -> np.ndarray:
    """The posterior of values that are all one group."""
    values = torch.as_tensor(values, dtype=torch.float64)
    ours = mixture_posterior(values, torch.zeros(len(values)).long(), 1, **options)
    return np.asarray(ours.numpy())


def sample(shape: str, size: int, seed: int = 0) -> np.ndarray:
    """Values of one group."""
    generator = np.random.default_rng([seed, size, SHAPES.index(shape)])
    if shape == "two":
        return generator.normal(np.where(generator.random(size) < 0.4, 1.0, 5.0), 1.0)
    if shape == "skewed":
        return generator.exponential(3.0, size)
    return generator.normal(-2.0, 1.0 if shape == "normal" else 0.05, size)


def least_spread(values: np.ndarray) -> tuple[float, int]:
    """The smallest sum of squares within two runs of sorted values, and the size of the first."""
    ordered = np.sort(values)
    runs = [(ordered[:at], ordered[at:]) for at in range(1, len(ordered))]
    return min((float(sum(len(run) * run.var() for run in both)), len(both[0])) for both in runs)


def upper_half(values: np.ndarray) -> np.ndarray:
    """1.0 for the values above the best split."""
    return np.where(values > np.sort(values)[least_spread(values)[1] - 1], 1.0, 0.0)


def reference(values: np.ndarray, model: Any) -> np.ndarray:
    """The posterior of scikit-learn's `model`, fitted from our start."""
    upper = upper_half(values)
    start = np.stack([1 - upper, upper], axis=1)
    model._initialize_parameters = lambda X, *_, **__: model._initialize(X, start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(values[:, None])
    return np.asarray(model.predict_proba(values[:, None])[:, model.means_[:, 0].argmax()])


@pytest.mark.long
@walked
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", SIZES)
def test_the_plain_mixture_is_that_of_scikit_learn(shape: str, size: int, tied: bool) -> None:
    values = sample(shape, size)
    model = GaussianMixture(
        2, covariance_type="tied" if tied else "full", max_iter=10, tol=1e-2, reg_covar=5e-4
    )
    np.testing.assert_allclose(alone(values, tied=tied), reference(values, model), atol=1e-7)


@pytest.mark.parametrize("max_iter", [1, 2, 3, 100])
def test_the_number_of_steps_is_that_of_scikit_learn(max_iter: int) -> None:
    values = sample("two", 100)
    model = GaussianMixture(2, max_iter=max_iter, tol=1e-4, reg_covar=1e-3)
    ours = alone(values, max_iter=max_iter, tol=1e-4, reg_covar=1e-3)
    np.testing.assert_allclose(ours, reference(values, model), atol=1e-9)


@pytest.mark.long
@walked
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("process", [False, True])
@pytest.mark.parametrize("concentration, precision", [(10.0, 0.01), (0.5, 1.0)])
@pytest.mark.parametrize("shape, size", [("two", 2), ("skewed", 5), ("two", 60), ("skewed", 90)])
def test_the_bayesian_mixture_is_that_of_scikit_learn(
    shape: str, size: int, concentration: float, precision: float, process: bool, tied: bool
) -> None:
    values = sample(shape, size)
    model = BayesianGaussianMixture(
        n_components=2,
        covariance_type="tied" if tied else "full",
        weight_concentration_prior_type=f"dirichlet_{'process' if process else 'distribution'}",
        weight_concentration_prior=concentration,
        mean_precision_prior=precision,
        reg_covar=5e-4,
        max_iter=30,
        tol=1e-3,
    )
    ours = alone(
        values,
        bayesian=True,
        tied=tied,
        dirichlet_process=process,
        weight_concentration=concentration,
        mean_precision=precision,
        max_iter=30,
        tol=1e-3,
    )
    theirs = reference(values, model)
    if np.ptp(model.means_) < 1e-9 * values.std():  # which mean is larger is rounding
        theirs = np.full(size, 0.5)
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_plain_mixture_is_that_of_a_short_loop(shape: str) -> None:
    values = sample(shape, 40)
    upper = upper_half(values)
    for _ in range(8):
        shares = np.stack([1 - upper, upper])
        weights = shares.mean(1)
        means = shares @ values / shares.sum(1)
        variances = (shares * (values - means[:, None]) ** 2).sum(1) / shares.sum(1) + 5e-4
        bells = np.exp(-((values - means[:, None]) ** 2) / (2 * variances[:, None]))
        heights = weights[:, None] * bells / np.sqrt(variances[:, None])
        upper = heights[means.argmax()] / heights.sum(0)
    np.testing.assert_allclose(alone(values, max_iter=7, tol=1e-300), upper, atol=1e-9)


oracle_of_mixture_posterior = test_the_plain_mixture_is_that_of_a_short_loop


@pytest.mark.parametrize("options", SETTINGS[1:3])
def test_standardize_is_the_posterior_of_standardized_values(options: dict[str, Any]) -> None:
    values = sample("skewed", 50)
    ready = (values - values.mean()) / values.std()
    ours = alone(values, standardize=True, **options)
    np.testing.assert_allclose(ours, alone(ready, **options), atol=1e-12)


@pytest.mark.long
@given(samples.filter(lambda values: len(set(values)) > 1))
def test_the_start_is_the_best_of_all_splits(values: list[float]) -> None:
    points = torch.tensor(values, dtype=torch.float64).sort().values
    points -= points.mean()
    upper = two_means(points, Segments(torch.tensor([len(values)]))).bool()
    spread = sum(len(run) * run.var(correction=0).item() for run in (points[~upper], points[upper]))
    assert spread == pytest.approx(least_spread(points.numpy())[0], abs=1e-9)


@pytest.mark.parametrize("offset", [0.0, 0.37, 1.11, 7.77])
def test_of_two_equal_splits_the_lower_is_taken(offset: float) -> None:
    assert alone([offset, offset + 0.1, offset + 0.2], standardize=True)[1] > 0.9


def test_a_split_does_not_see_the_groups_before() -> None:
    points = torch.tensor([5.0, 6.0, 9.0, -3.0, -1.0, 0.0, 4.0], dtype=torch.float64)
    assert two_means(points, Segments(torch.tensor([3, 4])))[3:].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("value", [1.7, 3.1, 17.3, 30.1])
def test_a_variance_is_never_negative(value: float) -> None:
    points = torch.full((1000,), value, dtype=torch.float64)
    moments = Moments.of(points, torch.ones_like(points), Segments(torch.tensor([1000])))
    assert (moments.variances >= 0).all()


@pytest.mark.long
@pytest.mark.parametrize("options", SETTINGS)
@given(groups=st.lists(samples, min_size=1, max_size=4), seed=st.integers(0, 99))
@settings(max_examples=8)
def test_a_group_does_not_see_the_others(
    options: dict[str, Any], groups: list[list[float]], seed: int
) -> None:
    owners = torch.repeat_interleave(torch.tensor([len(group) for group in groups]))
    values = torch.tensor(np.concatenate(groups))
    mixed = torch.randperm(len(values), generator=torch.Generator().manual_seed(seed))
    together = torch.empty_like(values)
    together[mixed] = mixture_posterior(values[mixed], owners[mixed], len(groups), **options)
    each = np.concatenate([alone(group, **options) for group in groups])
    np.testing.assert_allclose(together.numpy(), each, atol=1e-9)


@pytest.mark.parametrize("options", SETTINGS)
def test_the_order_of_the_items_does_not_matter(options: dict[str, Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(0, 40, (300,), generator=generator) / 8
    groups = torch.randint(0, 7, (300,), generator=generator)
    mixed = torch.randperm(300, generator=generator)
    straight = mixture_posterior(values, groups, 7, **options)
    assert torch.equal(
        mixture_posterior(values[mixed], groups[mixed], 7, **options), straight[mixed]
    )


@walked
@pytest.mark.parametrize("copies", [15, 21, 25, 37])
@pytest.mark.parametrize("floor", [3.0, 10.0, 30.0])
@pytest.mark.parametrize("highest", [3.0, 5.0, 7.0])
def test_equal_values_have_equal_posteriors(highest: float, floor: float, copies: int) -> None:
    ours = alone(np.repeat([0.0, 1.0, highest], copies), reg_covar=floor, max_iter=2)
    assert len(np.unique(ours)) == 3


def threaded(count: int, values: np.ndarray) -> np.ndarray:
    """The posterior of one group, computed by `count` threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        return alone(values)
    finally:
        torch.set_num_threads(before)


def test_the_number_of_threads_does_not_matter() -> None:
    values = sample("two", 100_000)
    assert np.array_equal(threaded(1, values), threaded(2, values))


@pytest.mark.long
@pytest.mark.parametrize("options", SETTINGS)
def test_neither_runs_nor_threads_matter(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    groups = 3 + torch.randint(0, 30, (9000,), generator=generator) ** 2 // 30
    values = torch.randn(9000, generator=generator) + 3 * (groups % 2)
    whole = mixture_posterior(values, groups, 40, **options)
    monkeypatch.setattr(mixture, "RUN", 500)
    before, found = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            found.append(mixture_posterior(values, groups, 40, **options))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)
    np.testing.assert_allclose(found[0], whole, atol=1e-9)


@given(samples, st.sampled_from([{"tied": True}, JSOSAL]))
@settings(max_examples=25)
def test_a_tied_posterior_never_falls_as_the_value_rises(
    values: list[float], options: dict[str, Any]
) -> None:
    assert (np.diff(alone(sorted(values), **options)) > -1e-15).all()


@walked
@pytest.mark.parametrize("options", SETTINGS)
@pytest.mark.parametrize("values", [[3.0], [2.0, 2.0], [0.1] * 7, [1.0, 1.0 + 2**-52], [0.0, -0.0]])
def test_a_group_without_spread_is_neutral(values: list[float], options: dict[str, Any]) -> None:
    assert alone(values, **options).tolist() == [0.5] * len(values)


def test_equal_means_are_neutral() -> None:
    collapsed = alone([0.0, 1.0], bayesian=True, dirichlet_process=True, max_iter=100, tol=1e-9)
    assert collapsed.tolist() == [0.5, 0.5]


def test_components_may_change_places() -> None:
    values = np.array([0.0, 5.0, 5.0])
    model = BayesianGaussianMixture(n_components=2, reg_covar=5e-4, max_iter=100, tol=1e-2)
    theirs = reference(values, model)
    ours = alone(values, bayesian=True, dirichlet_process=True, max_iter=100)
    assert model.means_[0, 0] > model.means_[1, 0]
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_groups_without_values_are_skipped() -> None:
    values, groups = torch.tensor([1.0, 2.0, 8.0, 9.0]), torch.tensor([3, 3, 3, 3])
    ours = mixture_posterior(values, groups, 6)
    assert ours.tolist() == alone(values).tolist()


@pytest.mark.parametrize("options", SETTINGS)
def test_a_neutral_group_leaves_its_neighbor_alone(options: dict[str, Any]) -> None:
    values = torch.tensor([5.0, 5.0, 1.0, 2.0, 8.0, 9.0, 7.0])
    ours = mixture_posterior(values, torch.tensor([0, 0, 1, 1, 1, 1, 2]), 3, **options)
    assert ours[[0, 1, 6]].tolist() == [0.5] * 3
    assert ours[2:6].tolist() == alone(values[2:6], **options).tolist()


@pytest.mark.long
@pytest.mark.parametrize("options", SETTINGS)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
@settings(max_examples=25)
def test_any_numbers_give_a_probability(options: dict[str, Any], values: list[float]) -> None:
    ours = alone(values, **options)
    assert ((ours >= 0) & (ours <= 1)).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e9, 1e300])
def test_a_standardized_posterior_does_not_depend_on_the_scale(scale: float) -> None:
    values = sample("two", 50)
    np.testing.assert_allclose(alone(values * scale, **JSOSAL), alone(values, **JSOSAL), atol=1e-9)


def test_a_large_offset_costs_little() -> None:
    values = np.round(sample("two", 50), 3)
    np.testing.assert_allclose(alone(values + 1e6), alone(values), atol=1e-6)


def test_a_far_lower_value_keeps_its_digits() -> None:
    far, near = alone([0.0, 1.0, 8.0, 9.0], tied=True)[:2]
    assert 0 < far < near < 1e-30


def test_the_inputs_do_not_change() -> None:
    values, groups = torch.tensor([3.0, 1.0, 2.0, 9.0]), torch.tensor([1, 0, 1, 0])
    mixture_posterior(values, groups, 2)
    assert values.tolist() == [3.0, 1.0, 2.0, 9.0]
    assert groups.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_the_result_is_float64(dtype: torch.dtype) -> None:
    values = torch.tensor([1.0, 2.0, 8.0, 9.0], dtype=dtype)
    ours = mixture_posterior(values, torch.zeros(4).long(), 1)
    assert ours.dtype == torch.float64
    assert ours.tolist() == alone(values).tolist()


def test_no_values_give_no_posterior() -> None:
    ours = mixture_posterior(torch.empty(0), torch.empty(0, dtype=torch.int64), 3)
    assert ours.shape == (0,)
    assert ours.dtype == torch.float64


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_named(bad: float) -> None:
    with pytest.raises(ArrayError, match="values must be finite; row 2"):
        alone([0.0, 1.0, bad, 3.0])


@pytest.mark.parametrize(
    "groups, message",
    [
        ([0, 1, 2], r"groups\[2\] is 2; it must be in 0\.\.1"),
        ([0, -1, 1], r"groups\[1\] is -1"),
        ([0, 1], "groups must be one for each of 3 rows, got 2"),
        ([0.0, 1.0, 1.0], "groups must be integers"),
    ],
)
def test_groups_that_cannot_be_are_named(groups: list[Any], message: str) -> None:
    with pytest.raises(ArrayError, match=message):
        mixture_posterior(torch.tensor([1.0, 2.0, 3.0]), torch.tensor(groups), 2)


@pytest.mark.parametrize(
    "options",
    [
        {"max_iter": 0},
        {"tol": 0.0},
        {"reg_covar": -1.0},
        {"weight_concentration": 0.0},
        {"mean_precision": float("nan")},
    ],
)
def test_a_setting_that_cannot_be_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        alone([1.0, 2.0], **options)
