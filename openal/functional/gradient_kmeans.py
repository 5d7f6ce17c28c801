"""BADGE (Ash et al., ICLR 2020): k-means++ over the gradients that a label would cause."""

import torch
from torch import Tensor

from openal._checks import as_tensor
from openal._threads import one_thread
from openal.errors import ArrayError
from openal.functional._rows import largest_size
from openal.functional.kmeans_pp import Factors, draw_far_rows, factors, scale_of

__all__ = ["gradient_factors", "gradient_kmeans_pp"]


@one_thread()
def gradient_kmeans_pp(
    logits: Tensor, features: Tensor, budget: int, generator: torch.Generator
) -> Tensor:
    """Rows of large and unlike gradients: k-means++ over gradient embeddings (BADGE).

    A row's gradient is that of the last layer's weights, were its label the predicted class:
    (onehot(argmax) - softmax) x features, of K * d numbers. They never exist; lengths and distances
    come from the two factors, in float64. The first row is the one with the longest gradient (ties
    to the lowest); each next is drawn with probability proportional to the squared distance to the
    nearest before it, and uniformly where all that remain are at 0 from these. Memory beside the
    arguments: a few numbers per row and some megabytes.

    Args:
        logits: (N, K), raw, of the classifier.
        features: (N, d), what its last layer reads, on the device of the logits.
        budget: how many rows to draw, at least 0; at most N are.
        generator: what is drawn from; it advances.

    Returns:
        (min(budget, N),), int64, rows in the order of drawing, each once.

    Raises:
        ArrayError: logits and features that are not (N, K) and (N, d) on one device, or not finite;
            the message names the argument and the first bad row.
        ArgumentError: a `budget` that is no integer of at least 0.

    Reference: Ash, Zhang, Krishnamurthy, Langford and Agarwal, "Deep Batch Active Learning by
    Diverse, Uncertain Gradient Lower Bounds" (BADGE), ICLR 2020, algorithm 1.

    >>> logits = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 0.0]])
    >>> features = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    >>> gradient_kmeans_pp(logits, features, 1, torch.Generator().manual_seed(0))
    tensor([2])
    """
    logits, features = as_tensor(logits, "logits"), as_tensor(features, "features")
    _check(logits, features)
    largest_size(logits, "logits")  # refuses a NaN
    scale = scale_of(features, "features")

    def at(rows: Tensor) -> Factors:
        return gradient_factors(logits[rows], features[rows].double() * scale)

    width = logits.shape[1] + features.shape[1]
    return draw_far_rows(at, len(logits), budget, generator, logits.device, width)


def gradient_factors(logits: Tensor, features: Tensor) -> Factors:
    """The gradients of rows [n, K] and [n, d] as factors: onehot(argmax) - softmax, and features.

    Equal logits count for the lowest class. The predicted class has what the others have together:
    a difference from 1 would lose the surest rows.
    """
    logits = logits.double()
    p = logits.softmax(dim=1)
    best = logits.argmax(dim=1, keepdim=True)
    others = p.scatter(1, best, 0.0)
    residual = (-others).scatter(1, best, others.sum(dim=1, keepdim=True))
    return factors(residual, features.double())


def _check(logits: Tensor, features: Tensor) -> None:
    if logits.ndim != 2 or features.ndim != 2 or len(logits) != len(features):
        shapes = f"got {tuple(logits.shape)} and {tuple(features.shape)}"
        raise ArrayError(f"logits and features must be (N, K) and (N, d), {shapes}.")
    if logits.device != features.device:
        devices = f"{logits.device} and {features.device}"
        raise ArrayError(f"logits and features must be on one device, got {devices}.")
