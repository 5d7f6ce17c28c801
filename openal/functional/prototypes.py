"""The average direction of each class."""

import torch
from torch import Tensor

from openal.checks import as_count, as_finite, as_integers
from openal.errors import ArrayError
from openal.functional.rows import piece_size, unit_rows
from openal.threads import one_thread

__all__ = ["class_prototypes"]


@one_thread()  # which adds in the order of the rows
def class_prototypes(embeddings: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """The average direction of each class: the mean of its rows, each first scaled to length one.

    From embeddings (N, D) and labels (N,) in 0..K-1 to (K, D). The means are not scaled again, so
    their length tells how alike the rows of a class are. A row of zeros has no direction and counts
    as zeros; a class without rows is NaN.

    >>> embeddings = torch.tensor([[3.0, 0.0], [0.0, 2.0], [5.0, 0.0]])
    >>> class_prototypes(embeddings, torch.tensor([0, 0, 1]), num_classes=2)
    tensor([[0.5000, 0.5000],
            [1.0000, 0.0000]])
    """
    embeddings = as_finite(embeddings, "embeddings", ndim=2)
    num_classes = as_count(num_classes, "num_classes", minimum=1)
    members = _classes(labels, len(embeddings), num_classes).to(embeddings.device)
    sums = members.new_zeros(num_classes, embeddings.shape[1], dtype=torch.float64)
    size = piece_size(embeddings)
    for rows, where in zip(embeddings.split(size), members.split(size), strict=True):
        sums.index_add_(0, where, unit_rows(rows))
    return (sums / members.bincount(minlength=num_classes)[:, None]).to(embeddings.dtype)


def _classes(labels: Tensor, size: int, num_classes: int) -> Tensor:
    classes = as_integers(labels, "labels")
    if len(classes) != size:
        raise ArrayError(f"labels must be one for each of {size} embeddings, got {len(classes)}.")
    outside = ((classes < 0) | (classes >= num_classes)).nonzero()[0]
    if len(outside):
        at = outside[0]
        raise ArrayError(f"labels[{at}] is {classes[at]}; classes run from 0 to {num_classes - 1}.")
    return torch.from_numpy(classes)
