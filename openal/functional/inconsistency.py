"""How far a prediction is from what the neighbours say."""

import torch
from torch import Tensor

from openal.checks import as_tensor
from openal.errors import ArrayError
from openal.functional.rows import finite_blocks, float_dtype
from openal.threads import one_thread

__all__ = ["inconsistency"]


@one_thread()
def inconsistency(logits: Tensor, votes: Tensor) -> Tensor:
    """How far a prediction is from the labels of the nearest neighbours: larger is further.

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
        expected, found = tuple(logits.shape), tuple(votes.shape)
        raise ArrayError(f"votes must have the shape of logits, {expected}; got {found}.")
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
