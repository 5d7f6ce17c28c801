"""Pareto fronts of items and of subsets of items in two scores (POAL)."""

from itertools import combinations
from math import comb

import torch
from torch import Tensor

from openal._checks import as_count, as_finite
from openal._threads import one_thread
from openal.errors import ArrayError

__all__ = ["pareto_front", "pareto_layers", "pareto_subset"]

MOST_ENUMERATED = 10_000
"""Up to so many subsets all are compared."""

CHUNK = 128
"""How many subsets are drawn and compared at a time."""


def pareto_front(values: Tensor) -> Tensor:
    """Which rows no other surpasses: is at least as large in both columns, and larger in one.

    Equal rows do not surpass each other. O(N log N).

    Args:
        values: (N, 2), larger is better.

    Returns:
        (N,), bool.

    Raises:
        ArrayError: values that are not (N, 2), or not finite; the message names the first bad row.

    Reference: Kung, Luccio and Preparata, "On Finding the Maxima of a Set of Vectors", Journal of
    the ACM, 1975; used by POAL (Zhan et al., TMLR 2023).

    >>> pareto_front(torch.tensor([[3.0, 1.0], [1.0, 3.0], [1.0, 1.0], [3.0, 1.0]]))
    tensor([ True,  True, False,  True])
    """
    values = _pairs(values)
    if len(values) == 0:
        return torch.zeros(0, dtype=torch.bool, device=values.device)
    pairs, inverse = (-values).unique(dim=0, return_inverse=True)  # the largest first
    second = -pairs[:, 1]
    before = torch.cat([second.new_full((1,), -torch.inf), second[:-1].cummax(dim=0).values])
    front: Tensor = (second > before)[inverse]
    return front


def pareto_layers(values: Tensor, count: int) -> Tensor:
    """The rows of the front, of the front without these, and so on, until `count` or more.

    Args:
        values: (N, 2), larger is better.
        count: how many rows at least, at least 0.

    Returns:
        (m,), int64, rows ascending; whole layers, so m is at least min(count, N).

    Raises:
        ArrayError: values that are not (N, 2), or not finite; the message names the first bad row.
        ArgumentError: a `count` that is no integer of at least 0.

    Reference: Zhan et al., "Pareto Optimization for Active Learning under Out-of-Distribution Data
    Scenarios" (POAL), TMLR 2023.

    >>> pareto_layers(torch.tensor([[3.0, 1.0], [1.0, 3.0], [1.0, 1.0], [0.0, 0.0]]), 3)
    tensor([0, 1, 2])
    """
    values, count = _pairs(values), as_count(count, "count")
    left = torch.arange(len(values), device=values.device)
    taken = 0
    with one_thread():
        while taken < min(count, len(values)):
            front = pareto_front(values[left])
            taken += int(front.sum())
            left = left[~front]
    inside = torch.ones(len(values), dtype=torch.bool, device=values.device)
    inside[left] = False
    return inside.nonzero()[:, 0]


def pareto_subset(
    values: Tensor, size: int, *, generator: torch.Generator, draws: int = 10_000, patience: int
) -> Tensor:
    """A subset of `size` rows whose two sums no other subset seen surpasses (POAL).

    Where there are at most 10 000 subsets all are seen, and none at all surpasses the result.
    Otherwise subsets are drawn at random, until `draws`, or until `patience` in a row have not
    changed the front. Of the front the subset is taken that is nearest to the best of both sums,
    each measured from 0 to 1 along the front.

    Args:
        values: (N, 2), larger is better.
        size: how many rows, at least 0; at most N are taken.
        generator: what subsets are drawn from; on the CPU.
        draws: how many subsets are drawn at most, at least 1; 10 000 by default.
        patience: how many draws without a change end the search, at least 1.

    Returns:
        (min(size, N),), int64, rows ascending, on the CPU.

    Raises:
        ArrayError: values that are not (N, 2), or not finite; the message names the first bad row.
        ArgumentError: a `size` that is no integer of at least 0, `draws` or `patience` that is none
            of at least 1.

    Reference: Zhan et al., "Pareto Optimization for Active Learning under Out-of-Distribution Data
    Scenarios" (POAL), TMLR 2023.

    >>> values = torch.tensor([[5.0, 0.0], [0.0, 5.0], [3.0, 3.0], [1.0, 1.0]])
    >>> pareto_subset(values, 1, generator=torch.Generator(), patience=100)
    tensor([2])
    """
    values = _pairs(values).double().cpu()
    size = min(as_count(size, "size"), len(values))
    draws = as_count(draws, "draws", minimum=1)
    patience = as_count(patience, "patience", minimum=1)
    with one_thread():
        if comb(len(values), size) <= MOST_ENUMERATED:
            every = list(combinations(range(len(values)), size))
            front = torch.tensor(every, dtype=torch.int64, device=values.device)
            front = front.reshape(len(every), size)
            front = front[pareto_front(_sums(values, front))]
        else:
            front = _searched(values, size, draws, patience, generator)
        return front[_nearest_to_ideal(_sums(values, front))]


def _searched(
    values: Tensor, size: int, draws: int, patience: int, generator: torch.Generator
) -> Tensor:
    """The front [f, size] of subsets drawn at random, without two of equal sums."""
    front = torch.empty(0, size, dtype=torch.int64, device=values.device)
    drawn, unchanged, shape = 0, 0, (CHUNK, len(values))
    while drawn < draws and unchanged < patience:
        keys = torch.rand(shape, generator=generator, dtype=torch.float64, device=values.device)
        new = keys.topk(size, dim=1).indices.sort(dim=1).values
        merged = torch.cat([front, new])
        sums = _sums(values, merged)
        kept = pareto_front(sums) & _first_of_equals(sums)
        unchanged = 0 if kept[len(front) :].any() else unchanged + CHUNK
        front, drawn = merged[kept], drawn + CHUNK
    return front


def _sums(values: Tensor, subsets: Tensor) -> Tensor:
    return values[subsets].sum(dim=1)  # [S, 2]


def _first_of_equals(sums: Tensor) -> Tensor:
    _, inverse = sums.unique(dim=0, return_inverse=True)
    rows = torch.arange(len(sums), device=sums.device)
    first = torch.full_like(rows, len(sums)).scatter_reduce(0, inverse, rows, "amin")
    return first[inverse] == rows


def _nearest_to_ideal(sums: Tensor) -> int:
    lowest, highest = sums.amin(dim=0), sums.amax(dim=0)
    span = torch.where(highest > lowest, highest - lowest, 1.0)
    return int(((highest - sums) / span).square().sum(dim=1).argmin())


def _pairs(values: Tensor) -> Tensor:
    values = as_finite(values, "values", ndim=2)
    if values.shape[1] != 2:
        raise ArrayError(f"values must be (N, 2), got {tuple(values.shape)}.")
    return values
