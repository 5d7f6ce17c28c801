"""Two one-dimensional Gaussians per group, all groups fitted at once by EM."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, final

import torch
from torch import Tensor

__all__ = [
    "Components",
    "MStep",
    "MaximumLikelihood",
    "Moments",
    "Segments",
    "fit",
    "select_groups",
    "two_means",
]


@final
@dataclass(frozen=True)
class Segments:
    """Runs of neighboring points: the first `lengths[0]` points, the next `lengths[1]`, ..."""

    lengths: Tensor  # [G] int64

    @cached_property
    def owners(self) -> Tensor:
        """The group of each point [n]."""
        return torch.repeat_interleave(self.lengths)

    @cached_property
    def starts(self) -> Tensor:
        """The position of each group's first point [G]."""
        return self.lengths.cumsum(0) - self.lengths

    def reduce(self, points: Tensor, how: str = "sum") -> Tensor:
        """The sum, max or min of each group [..., G] of points [..., n]; a sum of nothing is 0."""
        shape = points.shape[:-1]
        lengths = self.lengths.repeat(shape.numel())
        return torch.segment_reduce(points.reshape(-1), how, lengths=lengths).reshape(*shape, -1)

    def spread(self, values: Tensor) -> Tensor:
        """Values of groups [G] given to their points [n]."""
        return values.index_select(0, self.owners)


LEAST_COUNT = 10 * torch.finfo(torch.float64).eps  # added to every count, as in scikit-learn
LARGEST_LOG_ODDS = 700.0  # beyond, the odds are no number, and the entropy is 0
TIE_TOLERANCE = 1e-12  # relative; splits closer than this are equal up to rounding


@final
@dataclass(frozen=True)
class Components:
    """Two Gaussians per group, [2, G]: exp(heights - precisions / 2 * (x - means)**2)."""

    means: Tensor
    precisions: Tensor
    heights: Tensor

    def log_odds(self, points: Tensor, segments: Segments) -> Tensor:
        """The log-odds [n] of component 1 against component 0: one parabola per group."""
        slopes = self.precisions * self.means
        tops = self.heights - slopes * self.means / 2
        a, b, c = (upper - lower for lower, upper in (-self.precisions / 2, slopes, tops))
        tilt = torch.addcmul(segments.spread(b), segments.spread(a), points)
        return torch.addcmul(segments.spread(c), tilt, points)

    def where(self, chosen: Tensor, other: "Components") -> "Components":
        """These components for the groups that are `chosen` [G], the `other` ones elsewhere."""
        return Components(
            torch.where(chosen, self.means, other.means),
            torch.where(chosen, self.precisions, other.precisions),
            torch.where(chosen, self.heights, other.heights),
        )


@final
@dataclass(frozen=True)
class Moments:
    """What the points of a group say about its two components, [2, G]."""

    counts: Tensor
    means: Tensor
    variances: Tensor

    @classmethod
    def of(cls, points: Tensor, upper: Tensor, segments: Segments) -> "Moments":
        """The moments when component 1 owns the share `upper` [n] of each point."""
        shares = torch.stack([1 - upper, upper])
        counts = segments.reduce(shares) + LEAST_COUNT
        shares *= points
        means = segments.reduce(shares) / counts
        shares *= points
        squares = segments.reduce(shares) / counts
        return cls(counts, means, (squares - means**2).clamp(min=0))


class MStep(Protocol):
    """An M step, and the bound whose standstill ends a fit."""

    def components(self, moments: Moments) -> Components:
        """The components that the moments ask for."""
        ...

    def bound(self, moments: Moments, entropy: Tensor, before: Components) -> Tensor:
        """The lower bound [G] of the evidence; the moments were taken under `before`."""
        ...


@final
@dataclass(frozen=True)
class MaximumLikelihood:
    """The M step of the plain mixture; `floor` [G] is added to every variance."""

    floor: Tensor
    tied: bool

    def components(self, moments: Moments) -> Components:
        """Weighted means and variances; the heights hold the logarithm of the weights."""
        weights = moments.counts / moments.counts.sum(0)
        variances = moments.variances
        if self.tied:
            variances = (weights * variances).sum(0).expand_as(weights)
        precisions = 1 / (variances + self.floor)
        return Components(moments.means, precisions, weights.log() + precisions.log() / 2)

    def bound(self, moments: Moments, entropy: Tensor, before: Components) -> Tensor:
        """The mean log-likelihood under `before`, less a constant."""
        squares = moments.variances + (moments.means - before.means) ** 2
        joint = moments.counts * (before.heights - before.precisions / 2 * squares)
        return (joint.sum(0) + entropy) / moments.counts.sum(0)


def fit(points: Tensor, segments: Segments, m_step: MStep, max_iter: int, tol: float) -> Components:
    """The components of every group; those of a group of length 0 share the mean 0."""
    fitting = segments.lengths > 0
    components = m_step.components(Moments.of(points, two_means(points, segments), segments))
    bound = points.new_full(fitting.shape, -torch.inf)
    for _ in range(max_iter):
        if not fitting.any():
            break
        upper, entropy = expectation(components.log_odds(points, segments))
        moments = Moments.of(points, upper, segments)
        previous, bound = bound, m_step.bound(moments, segments.reduce(entropy), components)
        components = m_step.components(moments).where(fitting, components)
        done = fitting & ((bound - previous).abs() < tol)
        if done.any():  # the points of a finished group are no longer read
            fitting = fitting & ~done
            points, segments = select_groups(points, segments, fitting)
    return components


def expectation(log_odds: Tensor) -> tuple[Tensor, Tensor]:
    """The share of component 1 in each point [n], and the entropy of its two shares [n]."""
    bounded = log_odds.clamp(-LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)
    upper = bounded.neg().exp_().add_(1).reciprocal_()  # twice as fast as logsigmoid
    return upper, bounded.mul_(1 - upper).sub_(upper.log())


def select_groups(points: Tensor, segments: Segments, chosen: Tensor) -> tuple[Tensor, Segments]:
    """The points of the groups that are `chosen` [G]; the others have length 0."""
    return points[segments.spread(chosen)], Segments(segments.lengths * chosen)


def two_means(points: Tensor, segments: Segments) -> Tensor:
    """1.0 for the points above the exact 2-means split of their group, else 0.0.

    With the mean at 0, a split after the i lowest of n points, of sum S, takes S^2 n / (i (n - i))
    off the squared distances. Of equal splits, the one with the fewest points below is taken.
    """
    ranks = torch.arange(1, len(points) + 1, device=points.device, dtype=points.dtype)
    below = ranks - segments.spread(segments.starts.to(points.dtype))
    above = segments.spread(segments.lengths.to(points.dtype)) - below
    sums = torch.cat([points.new_zeros(1), points.cumsum(0)])
    gains = (sums[1:] - segments.spread(sums[segments.starts])) ** 2 / (below * above)
    gains = torch.where(above > 0, gains, -1.0)
    best = segments.spread(segments.reduce(gains, "max") * (1 - TIE_TOLERANCE))
    splits = segments.reduce(torch.where(gains >= best, below, torch.inf), "min")
    return (below > segments.spread(splits)).to(points.dtype)
