"""Squared Mahalanobis distances to the Gaussian of a sample, with a shrunken covariance."""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from openal._checks import as_finite, as_number
from openal._threads import for_each, one_thread, whole_parts
from openal.errors import ArrayError
from openal.functional._rows import row_sums, unit_rows

__all__ = ["Gaussian", "Standard", "gaussian", "mahalanobis", "standard"]

PIECE_ELEMENTS = 2**17  # 1 MiB of float64: in the cache, and enough rows for a matrix product
DEVICE_PIECE_ELEMENTS = 2**24
STRIP = 64  # so many rows of a triangular matrix are multiplied at a time
PIECES = 4  # that one thread takes at a time


class Standard(NamedTuple):
    """Makes rows unit vectors, and then each coordinate standard.

    Attributes:
        mean: (D,), float64, of the unit vectors.
        deviation: (D,), float64, above 0.
    """

    mean: Tensor  # [D] float64
    deviation: Tensor  # [D] float64

    def __call__(self, rows: Tensor) -> Tensor:
        """The standardized directions of rows [n, D], float64."""
        return (unit_rows(rows) - self.mean.to(rows.device)) / self.deviation.to(rows.device)


class Gaussian(NamedTuple):
    """A mean, and a covariance that is identity plus what few directions need.

    Attributes:
        mean: (D,), float64.
        axes: (r, D), float64, upper triangular.
        precision: of the directions beside the axes; the inverse of the covariance is
            precision * (identity - axes.T @ axes).
    """

    mean: Tensor  # [D] float64
    axes: Tensor  # [r, D] upper triangular; inverse: precision * (identity - axes.T @ axes)
    precision: float

    def distances(self, points: Tensor) -> Tensor:
        """The squared Mahalanobis distances [n] of points [n, D]; float32, see `mahalanobis`."""
        mean, axes = self.mean.to(points.device), self.axes.to(points.device)
        strips = [axes[at : at + STRIP, at:].T.contiguous() for at in range(0, len(axes), STRIP)]
        distances = points.new_empty(len(points), dtype=torch.float32)

        def measure(part: tuple[Tensor, Tensor]) -> None:
            size = _piece_size(points)
            centered = mean.new_empty(min(size, len(part[0])), len(mean))  # written over and over
            for rows, result in zip(*(tensor.split(size) for tensor in part), strict=True):
                some = centered[: len(rows)].copy_(rows).sub_(mean)
                result.copy_(_squares_off(some, strips).clamp_(min=0).mul_(self.precision))

        size = PIECES * _piece_size(points)
        for_each(zip(points.split(size), distances.split(size), strict=True), measure)
        return distances


@whole_parts()
def mahalanobis(points: Tensor, sample: Tensor, *, prior: float | None = None) -> Tensor:
    """The squared Mahalanobis distance of each point to the Gaussian of a sample.

    Computed in float64 and rounded, so that equal points have equal distances. The covariance is (m
    S + prior * identity) / (m + prior), S that of the sample: as if `prior` more had been seen,
    spread by 1 in every direction. With few answers in many dimensions S alone is singular, and its
    pseudo-inverse takes a step off the sample's plane, however large, for none.

    Args:
        points: (N, D), D > 0.
        sample: (m, D), m > 0.
        prior: how many points the identity counts for, above 0; by default D, which is ours.

    Returns:
        (N,), float32, in squared standard deviations.

    Raises:
        ArrayError: points and sample that are not (N, D) and (m, D) with m, D > 0, or not finite;
            the message names the argument and the first bad row.
        ArgumentError: a `prior` that is not above 0.

    Reference: Mahalanobis, "On the Generalised Distance in Statistics", 1936; for unknown images
    Lee, Lee, Lee and Shin, "A Simple Unified Framework for Detecting Out-of-Distribution Samples
    and Adversarial Attacks", NeurIPS 2018. The `prior` is ours.

    >>> sample = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [3.0, 0.0], [-3.0, 0.0]])
    >>> mahalanobis(torch.tensor([[2.0, 0.0], [0.0, 2.0]]), sample, prior=4)
    tensor([1.3333, 8.0000])
    """
    points, sample = as_finite(points, "points", ndim=2), as_finite(sample, "sample", ndim=2)
    if points.shape[1] != sample.shape[1] or not points.shape[1]:
        shapes = f"got {tuple(points.shape)} and {tuple(sample.shape)}"
        raise ArrayError(f"points and sample must be (N, D) and (m, D), {shapes}.")
    return gaussian(sample, prior=prior).distances(points)


def gaussian(sample: Tensor, *, prior: float | None = None) -> Gaussian:
    """The Gaussian of a sample, with the covariance that `mahalanobis` describes.

    Args:
        sample: (m, D), m > 0, finite.
        prior: how many points the identity counts for, above 0; by default D.

    Returns:
        `Gaussian`, float64, on the device of the sample.

    Raises:
        ArrayError: a sample without a row.
        ArgumentError: a `prior` that is not above 0.

    Reference: as `mahalanobis`: Mahalanobis, 1936; the `prior` is ours.
    """
    size, width = sample.shape
    prior = float(width) if prior is None else as_number(prior, "prior", above=0)
    if size == 0:
        raise ArrayError("sample must have at least one row, got none.")
    mean = torch.stack([x.double().sum(dim=0) for x in sample.split(_piece_size(sample))])
    mean = mean.sum(dim=0) / size
    squares, axes = _directions(sample, mean)
    axes = axes * (squares / (squares + prior)).sqrt()[:, None]
    with one_thread():
        _, triangle = torch.linalg.qr(axes, mode="r")  # the same up to a rotation
    return Gaussian(mean, triangle, (size + prior) / prior)


def _squares_off(centered: Tensor, strips: list[Tensor]) -> Tensor:
    """The squared lengths of rows [n, D], less those of their products with triangular axes."""
    squares = row_sums(centered.square())
    # What stands left of the diagonal is 0. The other way round, strip @ centered.T, is faster, but
    # then a point's last bits depend on its place.
    for at, strip in enumerate(strips):
        squares -= row_sums((centered[:, at * STRIP :] @ strip).square_())
    return squares


def _directions(sample: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """The squared spreads [r] of a sample along the axes [r, D] that its rows span."""
    if len(sample) < len(mean):
        with one_thread():
            _, spreads, axes = torch.linalg.svd(sample - mean, full_matrices=False)
        return spreads.square(), axes
    squares = _squares(sample, mean)
    with one_thread():
        spreads, columns = torch.linalg.eigh(squares, UPLO="U")
    return spreads.clamp(min=0), columns.T


def _squares(sample: Tensor, mean: Tensor) -> Tensor:
    """The sum of squares [D, D] about the mean; only its upper triangle is right."""
    squares = torch.zeros_like(mean).diag()
    for_each(range(0, len(mean), 2 * STRIP), partial(_add_strip, squares, sample, mean))
    return squares


def _add_strip(squares: Tensor, sample: Tensor, mean: Tensor, at: int) -> None:
    size = _piece_size(sample)
    centered = mean.new_empty(min(size, len(sample)), len(mean) - at)  # written over and over
    for rows in sample.split(size):
        some = centered[: len(rows)].copy_(rows[:, at:]).sub_(mean[at:])
        squares[at : at + 2 * STRIP, at:].addmm_(some[:, : 2 * STRIP].T, some)


def _piece_size(rows: Tensor) -> int:
    elements = PIECE_ELEMENTS if rows.device.type == "cpu" else DEVICE_PIECE_ELEMENTS
    return max(1, elements // max(1, rows.shape[1]))


def standard(rows: Tensor) -> Standard:
    """The standardization of the directions of rows, coordinate by coordinate.

    A coordinate that hardly varies in a few rows may vary in others: to each variance one more
    square is added, the mean variance of all coordinates.

    Args:
        rows: (m, D), m > 0, finite.

    Returns:
        `Standard`, float64, on the device of the rows.

    Reference: Qu et al., "OpenAL: An Efficient Deep Active Learning Framework for Open-Set
    Pathology Image Classification", MICCAI 2023; the added square is ours.
    """
    units = unit_rows(rows)
    mean = units.mean(dim=0)
    variances = (units - mean).square().mean(dim=0)
    variances = (len(units) * variances + variances.mean()) / (len(units) + 1)
    flat = variances.mean() <= torch.finfo(units.dtype).eps
    return Standard(mean, torch.where(flat, 1.0, variances).sqrt())
