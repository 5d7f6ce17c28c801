"""Mahalanobis distances against NumPy's inverse."""

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError, ArrayError
from openal.functional import mahalanobis
from openal.functional.mahalanobis import gaussian, standard
from tests.walking import walked


def by_inverse(points: np.ndarray, sample: np.ndarray, prior: float) -> np.ndarray:
    m, d = sample.shape
    covariance = np.cov(sample.T, bias=True).reshape(d, d)
    inverse = np.linalg.inv((m * covariance + prior * np.eye(d)) / (m + prior))
    away = points - sample.mean(axis=0)
    return np.array([x @ inverse @ x for x in away])


oracle_of_mahalanobis = by_inverse


@walked
@pytest.mark.parametrize("m, d", [(1, 3), (2, 5), (5, 5), (60, 4), (7, 1)])
@pytest.mark.parametrize("prior", [None, 0.01, 30.0])
def test_the_inverse_gives_the_same(m: int, d: int, prior: float | None) -> None:
    rng = np.random.default_rng(m)
    points, sample = rng.normal(size=(30, d)), rng.normal(size=(m, d)) @ rng.normal(size=(d, d))
    found = mahalanobis(torch.from_numpy(points), torch.from_numpy(sample), prior=prior)
    assert found.numpy() == pytest.approx(by_inverse(points, sample, prior or d), rel=1e-4)


def test_without_a_prior_to_speak_of_a_large_sample_decides() -> None:
    rng = np.random.default_rng(0)
    sample = rng.normal(size=(500, 3)) * [1, 10, 100]
    point = torch.tensor([[1.0, 10.0, 100.0]])
    assert mahalanobis(point, torch.from_numpy(sample), prior=1e-6).item() == pytest.approx(
        3, rel=0.2
    )


def test_a_step_off_the_plane_of_the_sample_is_a_distance() -> None:
    sample = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    on, off = mahalanobis(torch.tensor([[0.5, 0.0], [0.0, 0.5]]), sample).tolist()
    assert 0 < on < off


def test_equal_points_have_equal_distances() -> None:
    rng = np.random.default_rng(0)
    sample, point = (
        torch.from_numpy(rng.normal(size=(9, 20))),
        torch.from_numpy(rng.normal(size=20)),
    )
    sizes = [mahalanobis(point.expand(n, 20), sample) for n in (1, 3, 500)]
    assert len(torch.cat(sizes).unique()) == 1


def wide(points: int, sample: int, d: int = 150) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of more dimensions than are multiplied at a time, and more rows than make a piece."""
    rng = np.random.default_rng(points)
    mixed = rng.normal(size=(d, d))
    rows = torch.from_numpy(rng.normal(size=(points + sample, d)) @ mixed + 3).float()
    return rows[:points], rows[points:]


@pytest.mark.long
@walked
@pytest.mark.parametrize("m", [20, 149, 150, 20_000])
@pytest.mark.parametrize("prior", [None, 0.01])
def test_strips_and_pieces_give_the_same(m: int, prior: float | None) -> None:
    points, sample = wide(2000, m)
    slow = by_inverse(points[::50].double().numpy(), sample.double().numpy(), prior or 150)
    found = mahalanobis(points, sample, prior=prior)
    assert found[::50].numpy() == pytest.approx(slow, rel=1e-5)


def test_a_constant_coordinate_and_equal_rows_are_fine() -> None:
    points, sample = wide(40, 300)
    sample[:, 7], sample[:200] = 1.0, sample[0].clone()
    found = mahalanobis(points, sample)
    slow = by_inverse(points.double().numpy(), sample.double().numpy(), 150)
    assert found.numpy() == pytest.approx(slow, rel=1e-5)


@pytest.mark.parametrize("prior", [None, 1e-6])
def test_the_place_of_a_point_does_not_matter(prior: float | None) -> None:
    points, sample = wide(901, 700)
    whole, order = gaussian(sample, prior=prior), torch.randperm(901)
    found = whole.distances(points)
    assert torch.equal(whole.distances(points[order]), found[order])
    assert torch.equal(torch.cat([whole.distances(x) for x in points.split(7)]), found)


@pytest.mark.parametrize("m", [90, 1700])
def test_threads_do_not_matter(m: int) -> None:
    points, sample = wide(3000, m)
    threads, found = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            found.append(mahalanobis(points, sample, prior=1e-3))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*found)


def test_standardization_is_of_directions() -> None:
    rows = torch.from_numpy(np.random.default_rng(0).normal(size=(400, 6)) * [1, 1, 1, 5, 5, 9] + 3)
    found = standard(rows)(7 * rows)
    torch.testing.assert_close(found.mean(dim=0), torch.zeros(6).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.std(dim=0), torch.ones(6).double(), atol=0.02, rtol=0)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_one_square_more_is_added_to_each_variance(m: int) -> None:
    rows = np.random.default_rng(m).normal(size=(m, 4))
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    variances = units.var(axis=0) if m > 1 else np.zeros(4)
    more = (m * variances + variances.mean()) / (m + 1) if m > 1 else np.ones(4)
    found = standard(torch.from_numpy(rows))(torch.from_numpy(rows + 1)).numpy()
    moved = (rows + 1) / np.linalg.norm(rows + 1, axis=1, keepdims=True)
    assert found == pytest.approx((moved - units.mean(axis=0)) / np.sqrt(more))


def test_a_coordinate_that_is_constant_in_a_few_rows_is_not_blown_up() -> None:
    few = torch.tensor([[1.0, 0.2, 0.0], [1.0, -0.2, 0.0]])
    other = torch.tensor([[1.0, 0.0, 0.2]])
    assert standard(few)(other).abs().max() < 4


@pytest.mark.parametrize("row", [[0.0, 0.0], [2.0, 1.0]])
def test_rows_without_spread_stay_finite(row: list[float]) -> None:
    rows = torch.tensor([row] * 4)
    assert standard(rows)(rows).abs().max() < 1e-6


@pytest.mark.parametrize(
    "points, sample, words",
    [
        (np.zeros((2, 3)), np.zeros((2, 2)), "points and sample must be"),
        (np.zeros((2, 3)), np.zeros((0, 3)), "sample must have at least one row"),
        (np.zeros((2, 3)), np.full((1, 3), np.nan), "sample must be finite; row 0"),
    ],
)
def test_arrays_that_cannot_be(points: np.ndarray, sample: np.ndarray, words: str) -> None:
    with pytest.raises(ArrayError, match=words):
        mahalanobis(torch.from_numpy(points), torch.from_numpy(sample))


def test_a_prior_that_cannot_be() -> None:
    with pytest.raises(ArgumentError, match="prior"):
        mahalanobis(torch.zeros(2, 3), torch.zeros(2, 3), prior=0)
