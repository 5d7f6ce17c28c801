"""Who is nearest, and what do the nearest say?"""

import torch
from torch import Tensor

from openal.checks import as_count
from openal.errors import ArgumentError, ArrayError
from openal.functional.cosines import Directions, Neighbors, directions, nearest
from openal.functional.rows import finite_blocks, float_dtype, safe_squares

__all__ = ["Neighbors", "knn", "neighbor_votes"]

PRODUCT_BYTES = 2**24  # of one block of similarities


def knn(queries: Tensor, references: Tensor, k: int, *, block_size: int | None = None) -> Neighbors:
    """The k references that point most nearly the same way as each query: exact, best first.

    From (N, D) and (M, D) to `similarity` (N, k), the cosines, and `indices` (N, k), int64. Cosines
    are computed in float64 and rounded to multiples of 2^-40, about 1e-12; those that are equal
    then are ordered by the lowest index. A row of zeros has cosine 0 with every row. The result is
    the same, bit for bit, for any `block_size` (query rows at a time) and number of threads.

    Memory beside the arguments and the result: one copy of the references in the dtype of the
    result, and a few times 16 MiB; with more than 65 000 references a few times 64 M float32.

    >>> references = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])
    >>> similarity, indices = knn(torch.tensor([[3.0, 4.0], [5.0, 0.0]]), references, k=2)
    >>> similarity
    tensor([[0.8000, 0.6000],
            [1.0000, 1.0000]])
    >>> indices
    tensor([[1, 0],
            [0, 2]])
    """
    k = as_count(k, "k", minimum=1)
    queries, references = torch.as_tensor(queries), torch.as_tensor(references).detach()
    _check_references(queries, references, k)
    dtype = float_dtype(queries)
    known = _measured(references, dtype)
    places = _without_surplus_copies(known, k)
    known = known.at(places) if len(places) < len(references) else known
    similarity = torch.empty(len(queries), k, dtype=dtype, device=queries.device)
    indices = torch.empty_like(similarity, dtype=torch.int64)
    size = _block_size(block_size, len(places), dtype)
    for rows, block in finite_blocks(queries, "queries", ndim=2, size=size):
        found = nearest(directions(block, dtype), known, k)
        similarity[rows], indices[rows] = found.similarity, places[found.indices]
    return Neighbors(similarity, indices)


def neighbor_votes(neighbor_labels: Tensor, num_classes: int) -> Tensor:
    """How many of the neighbours belong to each class; one that belongs to none has no vote.

    From labels (N, k), integers, to counts (N, K), float32. A negative label (UNKNOWN, SKIPPED)
    votes for no class. Mao, Xu and Guo, Inconsistency-Based Data-Centric Active Open-Set
    Annotation (2024): the votes of eq. 5.

    >>> neighbor_votes(torch.tensor([[0, 2, 2], [1, -1, -1]]), num_classes=3)
    tensor([[1., 0., 2.],
            [0., 1., 0.]])
    """
    num_classes = as_count(num_classes, "num_classes", minimum=1)
    labels = _neighbor_labels(torch.as_tensor(neighbor_labels), num_classes)
    columns = torch.where(labels < 0, num_classes, labels)  # the last column is thrown away
    counts = torch.zeros(len(labels), num_classes + 1, device=labels.device)
    counts.scatter_add_(1, columns, counts.new_ones(1, 1).expand_as(columns))
    return counts[:, :num_classes].contiguous()


def _check_references(queries: Tensor, references: Tensor, k: int) -> None:
    shapes = f"got {tuple(queries.shape)} and {tuple(references.shape)}"
    if queries.ndim != 2 or references.ndim != 2 or queries.shape[1] != references.shape[1]:
        raise ArrayError(f"queries and references must be (N, D) and (M, D), {shapes}.")
    if len(references) == 0:
        raise ArrayError("references must have at least one row, got none.")
    if queries.device != references.device:
        devices = f"{queries.device} and {references.device}"
        raise ArrayError(f"queries and references must be on one device, got {devices}.")
    if k > len(references):
        raise ArgumentError(f"k must be at most the {len(references)} references, got {k}.")


def _measured(references: Tensor, dtype: torch.dtype) -> Directions:
    lengths = references.new_empty(len(references), dtype=torch.float64)
    units = references.new_empty(references.shape, dtype=dtype)
    for rows, block in finite_blocks(references, "references", ndim=2):
        _, lengths[rows], units[rows] = directions(block, dtype)
    return Directions(safe_squares(references), lengths, units)


def _without_surplus_copies(known: Directions, k: int) -> Tensor:
    """The places of references that fewer than k equal ones precede: no other is among the k best.

    Equal rows have equal lengths, so only lengths that occur more than k times are looked into.
    """
    places = torch.arange(len(known.lengths), device=known.lengths.device)
    _, group, size = known.lengths.unique(return_inverse=True, return_counts=True)
    suspects = places[size[group] > k]
    if len(suspects) == 0:
        return places
    _, copy = known.rows[suspects].double().unique(dim=0, return_inverse=True)
    copy, order = copy.sort(stable=True)
    surplus = suspects[order[k:][copy[k:] == copy[:-k]]]
    keep = torch.ones_like(places, dtype=torch.bool)
    keep[surplus] = False
    return places[keep]


def _block_size(asked: int | None, num_references: int, dtype: torch.dtype) -> int:
    if asked is not None:
        return as_count(asked, "block_size", minimum=1)
    return min(4096, max(64, PRODUCT_BYTES // (num_references * dtype.itemsize)))


def _neighbor_labels(labels: Tensor, num_classes: int) -> Tensor:
    if labels.ndim != 2 or labels.dtype == torch.bool or labels.is_floating_point():
        got = f"{labels.dtype} of shape {tuple(labels.shape)}"
        raise ArrayError(f"neighbor_labels must be integers of shape (N, k), got {got}.")
    outside = (labels >= num_classes).nonzero()
    if len(outside):
        row, place = outside[0].tolist()
        label = labels[row, place].item()
        raise ArrayError(
            f"neighbor_labels[{row}, {place}] is {label}; classes run from 0 to {num_classes - 1}."
        )
    return labels.long()
