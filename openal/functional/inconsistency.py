"""NEAT's inconsistency, eq. 5: how far a prediction is from the labels of its neighbors."""

import torch
from torch import Tensor

from openal._checks import as_tensor
from openal._threads import one_thread
from openal.errors import ArrayError
from openal.functional._rows import finite_blocks, float_dtype

__all__ = ["inconsistency"]


@one_thread()
def inconsistency(logits: Tensor, votes: Tensor) -> Tensor:
    """How far each prediction is from the labels of its nearest neighbors, in nats (NEAT).

    The cross-entropy of the votes' softmax under the prediction P, -P . log softmax(V) =
    logsumexp(V) - P . V. It is at least 0; k votes for one class give about k (1 - p) to a
    prediction p of that class, and no votes give log K.

    Args:
        logits: (N, K), raw, of the classifier.
        votes: (N, K), those of `neighbor_votes`, or other numbers.

    Returns:
        (N,), larger is further from the neighbors; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits and votes that are not both (N, K) with K > 0, or not finite; the message
            names the argument and the first bad row.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation"
    (NEAT), AAAI 2024, eq. 5.

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
