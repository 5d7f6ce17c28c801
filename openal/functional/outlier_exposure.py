"""Outlier exposure: a classifier that learns to be undecided about unknown samples."""

from torch import Tensor

__all__ = ["outlier_exposure_loss"]


def outlier_exposure_loss(logits: Tensor, labels: Tensor, *, weight: float) -> Tensor:
    """The cross-entropy of known samples, and how far predictions of unknown ones are from even.

    The mean of -log softmax(z)[label] over the known, plus `weight` times the mean over the unknown
    of the cross-entropy to the uniform distribution, log(sum_c exp(z_c)) - mean(z). A kind without
    samples adds 0.

    Args:
        logits: (N, K), raw, of a classifier.
        labels: (N,), int64 in 0..K; K is unknown.
        weight: what unknown samples count; 0.5 is Joda's.

    Returns:
        a scalar of the dtype of the logits; it has gradients.

    Raises:
        RuntimeError: shapes that do not fit, or a label out of range; from torch, for a batch is
            not checked.

    Reference: Hendrycks, Mazeika and Dietterich, "Deep Anomaly Detection with Outlier Exposure",
    ICLR 2019; as used by Schmidt et al. (Joda), CVPR 2025.

    >>> import torch
    >>> logits = torch.tensor([[0.0, 0.0], [2.0, 0.0]])
    >>> outlier_exposure_loss(logits, torch.tensor([0, 2]), weight=0.5)
    tensor(1.2566)
    """
    log_odds = logits.log_softmax(dim=1)
    known = labels < logits.shape[1]
    own, even = log_odds[known].gather(1, labels[known, None]), log_odds[~known].mean(dim=1)
    loss: Tensor = -own.sum() / max(1, len(own)) - weight * even.sum() / max(1, len(even))
    return loss
