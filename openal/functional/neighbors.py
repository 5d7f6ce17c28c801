"""Who is nearest, and what do the nearest say?"""

import torch
from torch import Tensor

from openal.checks import as_count, as_tensor
from openal.errors import ArrayError
from openal.functional.cosines import Neighbors
from openal.functional.references import References, check_shapes
from openal.functional.rows import float_dtype
from openal.threads import whole_parts

__all__ = ["Neighbors", "knn", "neighbor_votes"]


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
    call: many calls with the same references are for `openal.functional.references.References`.

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
    found = Neighbors(similarity, torch.empty_like(similarity, dtype=torch.int64))
    known.write(found, queries, size=block_size)
    return found


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
