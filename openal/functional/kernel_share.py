"""The share of known answers around an item, as a probability under a kernel of the cosine."""

from typing import NamedTuple

import torch
from torch import Tensor

from openal._checks import as_finite, as_tensor
from openal._threads import one_thread
from openal.errors import ArrayError
from openal.functional._kernel_sums import kernel_sums, share_of_sums
from openal.functional._rows import unit_rows

__all__ = ["Kernel", "fit_kernel", "kernel_share"]

WIDTHS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3)
PRIOR_WEIGHTS = (0.003, 0.01, 0.03, 0.1, 0.3)
FEWEST = 8
"""Fewer answers say nothing about a kernel."""

PAIRS, LEAST_TRIED = 2**22, 200
"""A kernel is fitted to about so many pairs of answers, or to 200 answers and all others."""


class Kernel(NamedTuple):
    """How far an answer reaches, and how much a prior counts where none does.

    Attributes:
        width: what the cosine less one is divided by before the exponential, above 0.
        prior_weight: of the prior, in answers at the very place, above 0.
    """

    width: float = 0.1
    prior_weight: float = 0.003


def kernel_share(
    points: Tensor, answered: Tensor, is_known: Tensor, kernel: Kernel | None = None
) -> Tensor:
    """The probability that each point is of a known class, from the answers around it.

    An answer j counts exp((cos(i, j) - 1) / width) for point i, and the share of known classes
    under these weights is the mean of a posterior under a Beta prior. The prior's mean is the share
    where answers reach, one half before the first UNKNOWN. Without answers all are 1/2.

    Args:
        points: (N, D); their directions count, so center them first.
        answered: (m, D), of answered items.
        is_known: (m,), bool: which of these are of a known class.
        kernel: of which width and prior weight; by default fitted to the answers: `fit_kernel`.

    Returns:
        (N,), float64 in [0, 1].

    Raises:
        ArrayError: points and answered that are not (N, D) and (m, D), or not finite; an is_known
            that is not bool (m,); the message names the argument and the first bad row.
        ArgumentError: a width or a prior weight that is not above 0.

    Reference: ours; the estimate of Nadaraya, 1964, and Watson, 1964, with a Beta prior.

    >>> points = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> kernel_share(points, points, torch.tensor([True, False])).round(decimals=2)
    tensor([1., 0.], dtype=torch.float64)
    """
    points, answered = as_finite(points, "points", ndim=2), as_finite(answered, "answered", ndim=2)
    is_known = _as_flags(is_known, answered)
    if points.shape[1] != answered.shape[1]:
        sizes = f"{tuple(points.shape)} and {tuple(answered.shape)}"
        raise ArrayError(f"points and answered must be (N, D) and (m, D), got {sizes}.")
    kernel = fit_kernel(answered, is_known) if kernel is None else kernel
    sums = kernel_sums(points, unit_rows(answered), is_known, kernel.width)
    return share_of_sums(sums, is_known, kernel.prior_weight)[0]


def fit_kernel(answered: Tensor, is_known: Tensor) -> Kernel:
    """The kernel under which each answer is likeliest, given all others but itself.

    Of `WIDTHS` and `PRIOR_WEIGHTS`; of equally likely ones the narrowest, then the lightest. With
    fewer than eight answers, or of one kind only, the usual: .1 and .003. Of many answers a part,
    evenly spaced, is held against all.

    Args:
        answered: (m, D), of answered items; their directions count.
        is_known: (m,), bool: which of these are of a known class.

    Returns:
        `Kernel`: `width` and `prior_weight`.

    Raises:
        ArrayError: answered that are not (m, D) or not finite, an is_known that is not bool (m,).

    Reference: ours; leave-one-out likelihood, Habbema, Hermans and van den Broek, 1974.
    """
    answered = as_finite(answered, "answered", ndim=2)
    is_known, m = _as_flags(is_known, answered), len(answered)
    if m < FEWEST or is_known.all() or not is_known.any():
        return Kernel()
    units = unit_rows(answered)
    tried = torch.linspace(
        0, m - 1, min(m, max(LEAST_TRIED, PAIRS // m)), device=units.device
    ).long()
    with one_thread():
        cosines = units[tried] @ units.T
        cosines[torch.arange(len(tried), device=units.device), tried] = -torch.inf  # not by itself
        likelihoods = [_likelihoods(cosines, is_known, tried, width) for width in WIDTHS]
    best = int(torch.cat(likelihoods).argmax())
    width, weight = divmod(best, len(PRIOR_WEIGHTS))
    return Kernel(WIDTHS[width], PRIOR_WEIGHTS[weight])


def _likelihoods(cosines: Tensor, is_known: Tensor, tried: Tensor, width: float) -> Tensor:
    """The log-likelihood under each of `PRIOR_WEIGHTS` of the answers that are tried."""
    kernel = ((cosines - 1) / width).exp_()
    every, known = kernel.sum(dim=1), kernel @ is_known.double()
    prior = (is_known.double().sum() + 1) / (len(is_known) + 2)
    weights = torch.tensor(PRIOR_WEIGHTS, dtype=torch.float64, device=every.device)[:, None]
    share = (weights * prior + known) / (weights + every)
    return torch.where(is_known[tried], share, 1 - share).log().sum(dim=1)


def _as_flags(is_known: Tensor, answered: Tensor) -> Tensor:
    flags = as_tensor(is_known, "is_known").to(answered.device)
    if flags.dtype != torch.bool or flags.shape != answered.shape[:1]:
        raise ArrayError(f"is_known must be flags [{len(answered)}], got {tuple(flags.shape)}.")
    return flags
