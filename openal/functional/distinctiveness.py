"""CCAL's agreement of the two nearest reference points of a query."""

from collections.abc import Sequence

import torch
from torch import Tensor

from openal._checks import as_finite, as_tensor
from openal.errors import ArrayError
from openal.functional._cosines import tolerance_of
from openal.functional._rows import row_sums, unit_rows
from openal.functional.neighbors import knn

__all__ = ["agreement_bounds", "anchor_agreement"]

ROUNDED = 8 * torch.finfo(torch.float32).eps
"""More than what rounding cosines, and their sum, to float32 may change in an agreement."""

PRODUCT_BYTES = 2**24  # of the products that are held at a time


def anchor_agreement(queries: Tensor, anchors: Tensor) -> Tensor:
    """How near the nearest anchor is, how far ahead of the second, and how alike both are (CCAL).

    (c1 - c2) + cos(A, B) + c1, with A and B the two anchors of the largest cosines c1 >= c2. A
    single anchor is its own second.

    Args:
        queries: (N, D).
        anchors: (M, D), M > 0, on the device of the queries.

    Returns:
        (N,), larger is nearer; float64 for float64 queries, else float32.

    Raises:
        ArrayError: queries and anchors that are not (N, D) and (M, D) with M, D > 0, or not finite;
            the message names the argument and the first bad row.

    Reference: Du, Zhao, Chen, Chai, Chen and Li, "Contrastive Coding for Active Learning under
    Class Distribution Mismatch" (CCAL), ICCV 2021, as the authors' code computes it.

    >>> anchors = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    >>> anchor_agreement(torch.tensor([[3.0, 4.0], [5.0, 0.0]]), anchors)
    tensor([1., 2.])
    """
    queries, anchors = as_tensor(queries, "queries"), as_finite(anchors, "anchors", ndim=2)
    if len(anchors) == 0 or queries.shape[1:] != anchors.shape[1:]:
        shapes = f"got {tuple(queries.shape)} and {tuple(anchors.shape)}"
        raise ArrayError(f"queries and anchors must be (N, D) and (M, D), M > 0, {shapes}.")
    nearest = knn(queries, anchors, min(2, len(anchors)))
    first, second = nearest.similarity[:, 0].double(), nearest.similarity[:, -1].double()
    alike = _pair_cosines(anchors, nearest.indices[:, 0], nearest.indices[:, -1])
    return ((first - second) + alike + first).to(nearest.similarity.dtype)


def agreement_bounds(queries: Tensor, anchors: Sequence[Tensor]) -> Tensor:
    """What `anchor_agreement` with each of C sets cannot be below and above: (N, C, 2), float64.

    From products alone; infinite where the two nearest anchors are not known for certain.
    """
    queries = as_finite(queries, "queries", ndim=2)
    units = [unit_rows(items) for items in anchors]
    size = max(1, PRODUCT_BYTES // (8 * max(map(len, units))))
    blocks = map(unit_rows, queries.split(size))
    return torch.cat([torch.stack([_bounds(b, u) for u in units], dim=1) for b in blocks])


def _bounds(queries: Tensor, anchors: Tensor) -> Tensor:
    best, place = (queries @ anchors.T).topk(min(3, len(anchors)), dim=1)
    second = min(1, len(anchors) - 1)
    alike = _pair_cosines(anchors, place[:, 0], place[:, second])
    middle = 2 * best[:, 0] - best[:, second] + alike
    tolerance = tolerance_of(anchors)
    slack = middle.new_full((len(middle),), 4 * tolerance + ROUNDED)
    if len(anchors) > 2:
        slack[best[:, 1] - best[:, 2] <= 2 * tolerance] = torch.inf
    return torch.stack([middle - slack, middle + slack], dim=1)


def _pair_cosines(rows: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The cosines [N] in float64 of pairs of rows; few pairs are distinct."""
    pairs, place = (first * len(rows) + second).unique(return_inverse=True)
    units = unit_rows(rows)
    a, b = torch.div(pairs, len(rows), rounding_mode="floor"), pairs % len(rows)
    return row_sums(units[a] * units[b])[place]
