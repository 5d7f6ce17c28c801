"""The posterior of the upper of two Gaussians per group of values (LfOSA, JSOSAL)."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from openal._checks import as_count, as_finite, as_number
from openal._threads import for_each, whole_parts
from openal.functional._gaussian_mixture import (
    Components,
    MaximumLikelihood,
    MStep,
    Segments,
    fit,
    select_groups,
)
from openal.functional._labels import as_labels
from openal.functional._variational_mixture import Dirichlet, StickBreaking, Variational

__all__ = ["mixture_posterior"]

RUN = 2**15  # values, of whole groups, at a time: in the cache, and enough for short loops
DEVICE_RUN = 2**24  # on an accelerator, which wants long operations
ROUNDING = 16 * torch.finfo(torch.float64).eps  # a smaller range, relative to the values, is none
NO_GAP = 1e-10  # standard deviations; the sign of a smaller gap between means is rounding
FLOORS = (1e-12, 1e12)  # shares of a group's variance; beyond, the posterior no longer moves


@whole_parts()
def mixture_posterior(
    values: Tensor,
    groups: Tensor,
    num_groups: int,
    *,
    bayesian: bool = False,
    tied: bool = False,
    standardize: bool = False,
    weight_concentration: float = 0.5,
    mean_precision: float = 1.0,
    dirichlet_process: bool = False,
    reg_covar: float = 5e-4,
    max_iter: int = 10,
    tol: float = 1e-2,
) -> Tensor:
    """The posterior of the upper of two Gaussians, fitted to each group of values (LfOSA, JSOSAL).

    Every group is fitted by itself from its exact 2-means split: nothing is random. A group is done
    when its bound moves by less than `tol`: the mean log-likelihood of its values or, with
    `bayesian`, the evidence bound of all of them together. A group with one value, without spread,
    or with Gaussians that share their mean gives 0.5.

    The defaults are those of LfOSA, whose code starts from a random 2-means and drops groups of one
    value. JSOSAL names a Bayesian mixture, no settings; both components live with `bayesian=True,
    tied=True, standardize=True, weight_concentration=10.0, mean_precision=0.01, max_iter=200,
    tol=1e-3`.

    Args:
        values: (N,).
        groups: (N,), integers in 0..G-1: each value's group, such as its predicted class.
        num_groups: G, at least 1.
        bayesian: variational inference instead of maximum likelihood.
        tied: one variance for both Gaussians; the posterior then never falls as the value rises.
        standardize: `reg_covar` is a share of the group's variance: the same as giving each group
            mean 0 and variance 1 first.
        weight_concentration: of the prior over the weights, above 0; 0.5 is scikit-learn's. Only
            with `bayesian`.
        mean_precision: of the prior over the means, above 0; 1 is scikit-learn's. Only with
            `bayesian`.
        dirichlet_process: over the weights, in place of a Dirichlet distribution. Only with
            `bayesian`.
        reg_covar: what is added to every variance, above 0, in squared units of the values; 5e-4 is
            LfOSA's code.
        max_iter: how many steps of EM at most, at least 1; 10 is LfOSA's code.
        tol: the change of the bound that ends a fit, above 0; 1e-2 is LfOSA's code.

    Returns:
        (N,), float64 in [0, 1], on the device of `values`.

    Raises:
        ArrayError: values that are not (N,), or not finite; groups that are not one integer in
            0..G-1 for each; the message names the argument and the first bad row.
        ArgumentError: a number that is out of its range; the message names it.

    Reference: Ning, Zhao, Li and Huang, "Active Learning for Open-set Annotation" (LfOSA), CVPR
    2022; Zhang, Zhang, Dai and Cao, "JSOSAL: Joint Sampling for Open-Set Active Learning", PMLR
    278, 2025; Bishop, "Pattern Recognition and Machine Learning", 2006, sections 9.2 and 10.2.

    >>> values = torch.tensor([0.0, 0.1, 0.2, 4.0, 4.1, 4.2, 7.0])
    >>> groups = torch.tensor([0, 0, 0, 0, 0, 0, 1])
    >>> mixture_posterior(values, groups, num_groups=2)
    tensor([0.0000, 0.0000, 0.0000, 1.0000, 1.0000, 1.0000, 0.5000],
           dtype=torch.float64)
    """
    num_groups = as_count(num_groups, "num_groups", minimum=1)
    values = as_finite(values, "values", ndim=1).double()
    groups = as_labels(groups, "groups", values, count=num_groups)
    floor = as_number(reg_covar, "reg_covar", above=0)
    limits = (as_count(max_iter, "max_iter", minimum=1), as_number(tol, "tol", above=0))
    concentration = as_number(weight_concentration, "weight_concentration", above=0)
    mean_precision = as_number(mean_precision, "mean_precision", above=0)
    if not len(values):
        return values.clone()

    prior = (StickBreaking if dirichlet_process else Dirichlet)(concentration)

    def m_step(scales: Tensor) -> MStep:
        floors = _floors(scales, floor, standardize)
        if bayesian:
            return Variational(floors, prior, mean_precision, tied)
        return MaximumLikelihood(floors, tied)

    def fill(run: tuple[Tensor, Tensor]) -> None:
        places, lengths = run
        segments = Segments(lengths)
        points, scales = _standardized(values.index_select(0, places), segments)
        components = fit(*select_groups(points, segments, scales > 0), m_step(scales), *limits)
        posterior.index_copy_(0, places, _upper(components, points, segments))

    posterior = torch.empty_like(values)
    for_each(_runs(_order(values, groups), torch.bincount(groups)), fill)
    return posterior


def _floors(scales: Tensor, floor: float, standardize: bool) -> Tensor:
    """What is added to every variance [G], as a share of the group's own variance."""
    return (floor / (torch.ones_like(scales) if standardize else scales**2)).clamp(*FLOORS)


def _runs(order: Tensor, lengths: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Few groups at a time, so that their values stay in the cache: places, and lengths."""
    lengths = lengths[lengths > 0]
    run = (lengths.cumsum(0) - 1) // (RUN if order.device.type == "cpu" else DEVICE_RUN)
    some = lengths.split(run.unique_consecutive(return_counts=True)[1].tolist())
    return zip(order.split([int(sizes.sum()) for sizes in some]), some, strict=True)


def _order(values: Tensor, groups: Tensor) -> Tensor:
    """The order [N] of groups and, within each, of values; equal values stand in any order."""
    ascending = values.cpu().numpy().argsort()  # faster than torch, by far
    owners = groups.cpu().numpy()[ascending]
    if len(owners) and owners.max() < 2**15:
        owners = owners.astype(np.int16)  # which NumPy sorts by counting
    return torch.from_numpy(ascending[owners.argsort(kind="stable")]).to(values.device)


def _standardized(values: Tensor, segments: Segments) -> tuple[Tensor, Tensor]:
    """Sorted values at mean 0 and variance 1 per group [N], and the scales [G] (0: no spread)."""
    halves = values / 2  # the range of float64 values may overflow, that of their halves cannot
    ends = segments.starts + segments.lengths - 1
    low, high = (halves[at.clamp(0, len(values) - 1)] for at in (segments.starts, ends))
    varied = high - low > ROUNDING * torch.maximum(low.abs(), high.abs())
    ranges = torch.where(varied, high - low, torch.inf)
    points = halves.sub_(segments.spread(low)).div_(segments.spread(ranges))
    sizes = segments.lengths.clamp(min=1)
    points -= segments.spread(segments.reduce(points) / sizes)
    deviations = (segments.reduce(points.square()) / sizes).sqrt()
    points /= segments.spread(torch.where(varied, deviations, 1.0))
    return points, torch.where(varied, deviations * ranges * 2, 0.0)


def _upper(components: Components, points: Tensor, segments: Segments) -> Tensor:
    """The posterior [N] of the component with the larger mean."""
    gaps = components.means[1] - components.means[0]
    signs = torch.where(gaps.abs() > NO_GAP, gaps.sign(), 0.0)
    log_odds = components.log_odds(points, segments) * segments.spread(signs)
    # Not torch.sigmoid, which rounds the ends of an array differently: equal values stay equal.
    return torch.where(log_odds == 0, 0.5, logsigmoid(log_odds).exp())
