"""Exact nearest neighbors by cosine, their votes, NEAT's inconsistency (eq. 5), reverse counts."""

import torch
from torch import Tensor

from openal._checks import as_count, as_tensor
from openal._threads import one_thread, whole_parts
from openal.errors import ArrayError
from openal.functional._cosines import Neighbors
from openal.functional._labels import as_labels
from openal.functional._references import References, check_shapes
from openal.functional._rows import finite_blocks, float_dtype, row_lengths

__all__ = ["Neighbors", "inconsistency", "knn", "neighbor_votes", "reverse_neighbor_counts"]


@whole_parts()
def knn(queries: Tensor, references: Tensor, k: int, *, block_size: int | None = None) -> Neighbors:
    """The k references that point most nearly the same way as each query: exact, best first.

    From (N, D) and (M, D) to `similarity` (N, k), the cosines, and `indices` (N, k), int64. Cosines
    are computed in float64 and rounded to multiples of 2^-40, about 1e-12; those that are equal
    then are ordered by the lowest index. A row of zeros has cosine 0 with every row. The result is
    the same, bit for bit, for any `block_size` (query rows at a time) and number of threads.

    Memory beside the arguments and the result: one copy of the references in the dtype of the
    result, another in float32 of references in half precision, and for each thread, of which eight
    are used at most, a few times 16 MiB; with more than 65 000 references a few times 64 rows of
    cosines with all of them. References are checked and measured in every
    call: many calls with the same references are for `openal.functional._references.References`.

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
    """How many of the neighbors belong to each class; one that belongs to none has no vote.

    From labels (N, k), integers, to counts (N, K), float32. A negative label (UNKNOWN, SKIPPED)
    votes for no class. Mao, Xu and Guo, Inconsistency-Based Data-Centric Active Open-Set
    Annotation (2024): the votes of eq. 5.

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
        nearest = knn(queries[rows], references, k).indices
        cells = (nearest * num_labels + groups[rows, None]).flatten()
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


@one_thread()
def inconsistency(logits: Tensor, votes: Tensor) -> Tensor:
    """How far a prediction is from the labels of the nearest neighbors: larger is further.

    From logits and votes, both (N, K), to (N,), in nats: the cross-entropy of the votes' softmax
    under the prediction P, -P . log softmax(V) = logsumexp(V) - P . V. It is at least 0; k votes
    for one class give about k (1 - p) to a prediction p of that class, and no votes give log K.
    Mao, Xu and Guo, Inconsistency-Based Data-Centric Active Open-Set Annotation (2024), eq. 5.

    >>> logits = torch.tensor([[0.0, 0.0], [9.0, 0.0]])
    >>> inconsistency(logits, torch.tensor([[10.0, 0.0], [0.0, 10.0]]))
    tensor([5.0000, 9.9988])
    """
    logits, votes = as_tensor(logits, "logits"), as_tensor(votes, "votes")
    if votes.shape != logits.shape:
        expected, given = tuple(logits.shape), tuple(votes.shape)
        raise ArrayError(f"votes must have the shape of logits, {expected}; got {given}.")
    result = torch.empty(logits.shape[:1], dtype=float_dtype(logits), device=logits.device)
    predictions = finite_blocks(logits, "logits", ndim=2)
    answers = finite_blocks(votes, "votes", ndim=2)
    for (rows, prediction), (_, answer) in zip(predictions, answers, strict=True):
        result[rows] = _cross_entropy(prediction, answer)
    return result


def _cross_entropy(logits: Tensor, votes: Tensor) -> Tensor:
    # Summed as products of one sign; logsumexp(V) - P . V would cancel. Without the least surprise,
    # so that equal votes give the same for every prediction, to the last bit.
    surprise = votes.log_softmax(dim=1).clamp_(min=torch.finfo(votes.dtype).min).neg_()
    least = surprise.amin(dim=1, keepdim=True)
    return least[:, 0] + (logits.softmax(dim=1) * (surprise - least)).sum(dim=1)
