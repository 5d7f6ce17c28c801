"""Exact nearest neighbors by cosine, their votes (NEAT), and counts from the other side."""

import torch
from torch import Tensor

from openal._checks import as_count, as_tensor
from openal._threads import whole_parts
from openal.errors import ArrayError
from openal.functional._cosines import Neighbors
from openal.functional._labels import as_labels
from openal.functional._references import References, check_shapes
from openal.functional._rows import finite_blocks, float_dtype, row_lengths

__all__ = ["Neighbors", "knn", "neighbor_votes", "reverse_neighbor_counts"]


@whole_parts()
def knn(queries: Tensor, references: Tensor, k: int, *, block_size: int | None = None) -> Neighbors:
    """The k references that point most nearly the same way as each query: exact, best first.

    Cosines are computed in float64 and rounded to multiples of 2^-40, about 1e-12; those that are
    equal then are ordered by the lowest index. A row of zeros has cosine 0 with every row. The
    result is the same, bit for bit, for any `block_size` and number of threads.

    Memory beside the arguments and the result: one copy of the references in the dtype of the
    result, another in float64 where that takes at most 32 MiB, else in float32 of references in
    half precision, and for each thread, of which eight are used at most, a few times 16 MiB; with
    more than 65 000 references a few times 64 rows of cosines with all of them. References are
    checked and measured in every call: many calls with the same references are for
    `openal.functional._references.References`.

    Args:
        queries: (N, D).
        references: (M, D), on the device of the queries.
        k: how many neighbors, 1..M.
        block_size: how many queries at a time; by default as many as 16 MiB of cosines hold.

    Returns:
        `Neighbors`: `similarity` (N, k), the cosines, float64 for float64 queries, else float32;
        and `indices` (N, k), int64, into the references.

    Raises:
        ArrayError: queries and references that are not (N, D) and (M, D) with M, D > 0 on one
            device, or not finite; the message names the argument and the first bad row.
        ArgumentError: a `k` or `block_size` that is no integer of at least 1, or a `k` above M.

    Reference: Cover and Hart, "Nearest Neighbor Pattern Classification", IEEE Transactions on
    Information Theory, 1967. What a matrix product may err: Higham and Mary, "A New Approach to
    Probabilistic Rounding Error Analysis", SIAM Journal on Scientific Computing, 2019.

    >>> references = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])
    >>> similarity, indices = knn(torch.tensor([[3.0, 4.0], [5.0, 0.0]]), references, k=2)
    >>> similarity
    tensor([[0.8000, 0.6000],
            [1.0000, 1.0000]])
    >>> indices
    tensor([[1, 0],
            [0, 2]])
    """
    queries, references = as_tensor(queries, "queries"), as_tensor(references, "references")
    k = as_count(k, "k", minimum=1)
    check_shapes(queries, references)
    dtype = float_dtype(queries)
    known = References.of(references, k, dtype)
    similarity = torch.empty(len(queries), k, dtype=dtype, device=queries.device)
    neighbors = Neighbors(similarity, torch.empty_like(similarity, dtype=torch.int64))
    known.write(neighbors, queries, size=block_size)
    return neighbors


def neighbor_votes(neighbor_labels: Tensor, num_classes: int) -> Tensor:
    """How many of the neighbors belong to each class; one that belongs to none has no vote (NEAT).

    Args:
        neighbor_labels: (N, k), integers below K; a negative one (UNKNOWN, SKIPPED) votes for no
            class.
        num_classes: K, at least 1.

    Returns:
        (N, K), float32, whole numbers.

    Raises:
        ArrayError: neighbor_labels that are no integers of shape (N, k), or one of K or more; the
            message names its place.
        ArgumentError: a `num_classes` that is no integer of at least 1.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation"
    (NEAT), AAAI 2024: the votes of eq. 5.

    >>> neighbor_votes(torch.tensor([[0, 2, 2], [1, -1, -1]]), num_classes=3)
    tensor([[1., 0., 2.],
            [0., 1., 0.]])
    """
    num_classes = as_count(num_classes, "num_classes", minimum=1)
    labels = _neighbor_labels(as_tensor(neighbor_labels, "neighbor_labels"), num_classes)
    columns = torch.where(labels < 0, num_classes, labels)  # the last column is thrown away
    shape = len(labels), num_classes + 1
    counts = torch.zeros(shape, dtype=torch.float32, device=labels.device)
    counts.scatter_add_(1, columns, counts.new_ones(1, 1).expand_as(columns))
    return counts[:, :num_classes].contiguous()


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


QUERY_ROWS = 2048
"""How many queries are searched for at a time: their neighbors are counted, not kept."""


@whole_parts()
def reverse_neighbor_counts(
    references: Tensor, queries: Tensor, labels: Tensor, num_labels: int, k: int
) -> Tensor:
    """How many queries of each label have each reference among their k nearest, by cosine (EAOA).

    Neighbors are exact, of equal cosines those with the lowest index. Equal references count alike:
    as the first of them.

    Args:
        references: (N, D); for EAOA the candidates.
        queries: (m, D); for EAOA the answered items.
        labels: (m,), integers in 0..G-1, of the queries.
        num_labels: G, at least 1.
        k: how many neighbors of a query count, at least 1; above N all N do.

    Returns:
        (N, G), float32, whole numbers.

    Raises:
        ArrayError: references and queries that are not (N, D) and (m, D) on one device, or not
            finite; labels that are not one for each query, or outside 0..G-1; the message names the
            argument and the first bad row.
        ArgumentError: a `num_labels` or `k` that is no integer of at least 1.

    Reference: Korn and Muthukrishnan, "Influence Sets Based on Reverse Nearest Neighbor Queries",
    SIGMOD 2000; as EAOA counts them: Zong and Huang, CVPR 2025.

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
    known = References.of(references, k, float_dtype(queries))
    for rows, block in finite_blocks(queries, "queries", ndim=2, size=QUERY_ROWS):
        cells = (known.nearest(block).indices * num_labels + groups[rows, None]).flatten()
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
