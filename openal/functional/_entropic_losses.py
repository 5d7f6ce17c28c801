"""What EOAL's network minimizes: binary heads that decide on known items alone, and clusters."""

import torch
from torch import Tensor

__all__ = ["cluster_loss", "known_head_loss", "unknown_head_loss"]

OWN_CENTER_WEIGHT = 0.1  # of the distance to the own center; EOAL's authors' code


def known_head_loss(head_logits: Tensor, labels: Tensor) -> Tensor:
    """For known samples: the own head says yes, and the least sure other head says no (EOAL).

    Half of the mean of -log yes of the own class, plus half of the mean over samples of the largest
    -log no of another class. With one class there is no other; without samples it is 0.

    Args:
        head_logits: (n, 2, K), raw, of "no" and "yes".
        labels: (n,), int64 in 0..K-1.

    Returns:
        a scalar of the dtype of the logits; it has gradients.

    Raises:
        RuntimeError: a label out of range; from torch, for a batch is not checked.

    Reference: Safaei, Vibashan, de Melo and Patel, "Entropic Open-Set Active Learning" (EOAL), AAAI
    2024.
    """
    no, yes = head_logits.log_softmax(dim=1).neg().unbind(dim=1)
    own = labels[:, None]
    hardest = no.scatter(1, own, 0).amax(dim=1)  # each -log no is at least 0
    return (_mean(yes.gather(1, own)) + _mean(hardest)) / 2


def unknown_head_loss(head_logits: Tensor) -> Tensor:
    """For unknown samples: every head is undecided; least where all say one half (EOAL).

    Half of the mean over samples and heads of -log no - log yes. Without samples it is 0.

    Args:
        head_logits: (n, 2, K), raw, of "no" and "yes".

    Returns:
        a scalar of the dtype of the logits; it has gradients.

    Raises:
        IndexError: logits without a second dimension; from torch, for a batch is not checked.

    Reference: Safaei, Vibashan, de Melo and Patel, "Entropic Open-Set Active Learning" (EOAL), AAAI
    2024.
    """
    return -_mean(head_logits.log_softmax(dim=1).sum(dim=1)) / 2


def cluster_loss(features: Tensor, owners: Tensor, centers: Tensor) -> Tensor:
    """Unknown samples are near the center of their own cluster and far from the others (EOAL).

    0.1 times the mean Euclidean distance to the own center, plus the mean of log(1 + sum over the
    others of exp(d_own - d_other)). Without samples it is 0.

    Args:
        features: (n, d).
        owners: (n,), int64 in 0..C-1: the cluster of each sample.
        centers: (C, d).

    Returns:
        a scalar of the dtype of the features; it has gradients.

    Raises:
        RuntimeError: shapes that do not fit, or owners out of range; from torch, for a batch is not
            checked.

    Reference: Safaei, Vibashan, de Melo and Patel, "Entropic Open-Set Active Learning" (EOAL), AAAI
    2024: the tuplet loss of the distance-based entropy.
    """
    # A matrix product has no gradient where a point is its own center; this has 0.
    exact = "donot_use_mm_for_euclid_dist"
    distances = torch.cdist(features, centers, compute_mode=exact)
    own = distances.gather(1, owners[:, None])
    return OWN_CENTER_WEIGHT * _mean(own) + _mean((own - distances).logsumexp(dim=1))


def _mean(values: Tensor) -> Tensor:
    """The mean of all, 0 of none."""
    return values.sum() / max(1, values.numel())
