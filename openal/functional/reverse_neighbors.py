"""Whose nearest neighbor is a reference? Neighbors, seen from the other side."""

import torch
from torch import Tensor

from openal.checks import as_count, as_tensor
from openal.functional.labels import as_labels
from openal.functional.neighbors import knn
from openal.functional.references import check_shapes
from openal.functional.rows import finite_blocks, row_lengths

__all__ = ["reverse_neighbor_counts"]

QUERY_ROWS = 2048
"""How many queries are searched for at a time: their neighbors are counted, not kept."""


def reverse_neighbor_counts(
    references: Tensor, queries: Tensor, labels: Tensor, num_labels: int, k: int
) -> Tensor:
    """How many queries of each label have a reference among their k nearest, by cosine.

    From (N, D), (m, D) and labels (m) in 0..G-1 to (N, G), float32. Neighbors are exact, of equal
    cosines those with the lowest index; k is at most N. Equal references count alike: as the
    first of them.

    >>> references = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])
    >>> queries = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    >>> reverse_neighbor_counts(references, queries, torch.tensor([0, 0, 1]), num_labels=2, k=2)
    tensor([[2., 0.],
            [0., 1.],
            [2., 1.]])
    """
    num_labels = as_count(num_labels, "num_labels", minimum=1)
    references = as_tensor(references, "references")
    queries = as_tensor(queries, "queries")
    check_shapes(queries, references)
    groups = as_labels(labels, "labels", queries, count=num_labels).to(references.device)
    shape = len(references), num_labels
    counts = torch.zeros(shape, dtype=torch.float32, device=references.device)
    if len(references) == 0 or len(queries) == 0:
        return counts
    k = min(as_count(k, "k", minimum=1), len(references))
    for start in range(0, len(queries), QUERY_ROWS):
        rows = slice(start, start + QUERY_ROWS)
        found = knn(queries[rows], references, k).indices
        cells = (found * num_labels + groups[rows, None]).flatten()
        counts.view(-1).index_add_(0, cells, counts.new_ones(()).expand(len(cells)))
    return counts if k == len(references) else counts[_first_of_equals(references)]


def _first_of_equals(rows: Tensor) -> Tensor:
    """For each row the place of the first that is equal to it, [N].

    Equal rows have equal lengths, so only rows that share their length are compared.
    """
    first = torch.arange(len(rows), device=rows.device)
    lengths = torch.empty(len(rows), dtype=torch.float64, device=rows.device)
    for block_rows, block in finite_blocks(rows, "references", ndim=2):
        lengths[block_rows] = row_lengths(block)
    _, group, size = lengths.unique(return_inverse=True, return_counts=True)
    suspects = first[size[group] > 1]
    if len(suspects):
        _, copy = (rows[suspects].double() + 0.0).unique(dim=0, return_inverse=True)
        lowest = suspects.new_full((int(copy.max()) + 1,), len(rows))
        lowest.scatter_reduce_(0, copy, suspects, "amin")
        first[suspects] = lowest[copy]
    return first
