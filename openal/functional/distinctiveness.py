"""CCAL's agreement of the two nearest reference points of a query."""

import torch
from torch import Tensor

from openal._checks import as_finite, as_tensor
from openal.errors import ArrayError
from openal.functional._rows import row_sums, unit_rows
from openal.functional.neighbors import knn

__all__ = ["anchor_agreement"]


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


def _pair_cosines(rows: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The cosines [N] in float64 of pairs of rows; few pairs are distinct."""
    pairs, place = (first * len(rows) + second).unique(return_inverse=True)
    units = unit_rows(rows)
    a, b = torch.div(pairs, len(rows), rounding_mode="floor"), pairs % len(rows)
    return row_sums(units[a] * units[b])[place]
