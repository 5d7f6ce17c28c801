"""Weibull distributions of the largest values of samples (OpenMax), fitted by likelihood."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Tails", "weibull_tails"]

SHAPE_RANGE = (1e-3, 1e8)  # beyond, the distribution is a step
BISECTIONS = 64  # of the logarithm of that range: down to the last bit of a float64
LEAST_VALUES = 3  # that a tail is fitted to


class Tails(NamedTuple):
    """A Weibull distribution per sample, and where its values are moved to; shape 0: no fit."""

    starts: Tensor  # [G] what is subtracted from a value: the least of the tail, less the shift
    shapes: Tensor  # [G]
    log_scales: Tensor  # [G]

    def to(self, device: torch.device) -> "Tails":
        """The same on another device."""
        return Tails(*(parameter.to(device) for parameter in self))

    def at(self, groups: Tensor) -> "Tails":
        """The distributions [n] of some samples."""
        return Tails(*(parameter[groups] for parameter in self))

    def exceedance(self, values: Tensor) -> Tensor:
        """The probability [n] that a value of the tail is smaller; 0 without a fit."""
        # NaN is never reached: values at or below the start count as the smallest there is.
        logs = (values - self.starts).clamp(min=torch.finfo(values.dtype).tiny).log()
        below = -torch.expm1(-torch.exp(self.shapes * (logs - self.log_scales)))
        return torch.where(self.shapes > 0, below, 0.0)


def weibull_tails(
    values: Tensor, groups: Tensor, num_groups: int, *, tail: int, shift: float
) -> Tails:
    """The two-parameter Weibull of the `tail` largest values [m] of each group, by likelihood.

    The tail is moved so that its least value is `shift`. A group of fewer than 3 values has no
    fit. The likelihood's root is found by bisection, for all groups at once; where all values
    of a tail are equal it lies at infinity, and the distribution is a step.
    """
    starts, logs = values.new_zeros(num_groups), values.new_zeros(num_groups, tail)
    sizes = torch.zeros(num_groups, dtype=torch.int64, device=values.device)
    for group in range(num_groups):
        largest = values[groups == group].sort(descending=True).values[:tail]
        if len(largest) >= LEAST_VALUES:
            sizes[group], starts[group] = len(largest), largest[-1] - shift
            logs[group, : len(largest)] = (largest - starts[group]).log()
    shapes = _shapes(logs, sizes)
    log_scales = (_powers(shapes, logs, sizes).logsumexp(dim=1) - sizes.to(logs).log()) / shapes
    fitted = sizes > 0
    return Tails(starts, shapes * fitted, torch.where(fitted, log_scales, 0.0))


def _shapes(logs: Tensor, sizes: Tensor) -> Tensor:
    """Where the likelihood is largest: sum(x^k log x) / sum(x^k) = 1 / k + mean(log x)."""
    low, high = (torch.full_like(logs[:, 0], shape).log() for shape in SHAPE_RANGE)
    means = logs.sum(dim=1) / sizes.clamp(min=1)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        shapes = middle.exp()
        weights = _powers(shapes, logs, sizes.clamp(min=1)).softmax(dim=1)
        short = (weights * logs).sum(dim=1) - 1 / shapes - means < 0
        low, high = torch.where(short, middle, low), torch.where(short, high, middle)
    return high.exp()


def _powers(shapes: Tensor, logs: Tensor, sizes: Tensor) -> Tensor:
    """The logarithms of x^k [G, tail]; -inf beyond the size of a group."""
    outside = torch.arange(logs.shape[1], device=logs.device) >= sizes[:, None]
    return (shapes[:, None] * logs).masked_fill(outside, -torch.inf)
