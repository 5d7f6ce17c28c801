"""How far from a Gaussian, in units of its own spread?"""

from typing import NamedTuple

import torch
from torch import Tensor

from openal.checks import as_finite, as_number
from openal.errors import ArrayError
from openal.functional.rows import row_sums, unit_rows

__all__ = ["Gaussian", "Standard", "gaussian", "mahalanobis", "standard"]


class Standard(NamedTuple):
    """Makes rows unit vectors, and then each coordinate standard."""

    mean: Tensor  # [D] float64
    deviation: Tensor  # [D] float64

    def __call__(self, rows: Tensor) -> Tensor:
        """The standardized directions of rows [n, D], float64."""
        return (unit_rows(rows) - self.mean.to(rows.device)) / self.deviation.to(rows.device)


class Gaussian(NamedTuple):
    """A mean, and a covariance that is identity plus what few directions need."""

    mean: Tensor  # [D] float64
    axes: Tensor  # [r, D]: the inverse covariance is precision * (identity - axes.T @ axes)
    precision: float

    def distances(self, points: Tensor) -> Tensor:
        """The squared Mahalanobis distances [n] of points [n, D]; float32, see `mahalanobis`."""
        centered = points.double() - self.mean.to(points.device)
        along = centered @ self.axes.to(points.device).T
        squares = row_sums(centered.square()) - row_sums(along.square())
        return (self.precision * squares.clamp(min=0)).float()


def mahalanobis(points: Tensor, sample: Tensor, *, prior: float | None = None) -> Tensor:
    """The squared Mahalanobis distance of each point to the Gaussian of a sample.

    From (N, D) and (m, D) to (N,), float32: computed in float64 and rounded, so that equal points
    have equal distances. The covariance is (m S + prior * identity) / (m + prior), S that of the
    sample: as if `prior` more had been seen, spread by 1 in every direction; D by default. With
    few answers in many dimensions S alone is singular, and its pseudo-inverse takes a step off
    the sample's plane, however large, for none.

    >>> sample = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [3.0, 0.0], [-3.0, 0.0]])
    >>> mahalanobis(torch.tensor([[2.0, 0.0], [0.0, 2.0]]), sample, prior=4)
    tensor([1.3333, 8.0000])
    """
    points, sample = as_finite(points, "points", ndim=2), as_finite(sample, "sample", ndim=2)
    if points.shape[1] != sample.shape[1]:
        shapes = f"got {tuple(points.shape)} and {tuple(sample.shape)}"
        raise ArrayError(f"points and sample must be (N, D) and (m, D), {shapes}.")
    return gaussian(sample, prior=prior).distances(points)


def gaussian(sample: Tensor, *, prior: float | None = None) -> Gaussian:
    """The Gaussian of a sample [m, D], m > 0, as in `mahalanobis`."""
    size, width = sample.shape
    prior = float(width) if prior is None else as_number(prior, "prior", above=0)
    if size == 0:
        raise ArrayError("sample must have at least one row, got none.")
    mean = sample.double().mean(dim=0)
    _, triangle = torch.linalg.qr(sample.double() - mean, mode="r")  # the same axes, fewer rows
    _, spreads, axes = torch.linalg.svd(triangle, full_matrices=False)
    squares = spreads.square()
    axes = axes * (squares / (squares + prior)).sqrt()[:, None]
    return Gaussian(mean, axes, (size + prior) / prior)


def standard(rows: Tensor) -> Standard:
    """The standardization of the directions of rows [m, D], m > 0.

    A coordinate that hardly varies in a few rows may vary in others: to each variance one more
    square is added, the mean variance of all coordinates.
    """
    units = unit_rows(rows)
    mean = units.mean(dim=0)
    variances = (units - mean).square().mean(dim=0)
    variances = (len(units) * variances + variances.mean()) / (len(units) + 1)
    flat = variances.mean() <= torch.finfo(units.dtype).eps
    return Standard(mean, torch.where(flat, 1.0, variances).sqrt())
