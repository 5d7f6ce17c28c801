"""What learners minimize: tempered cross-entropies, evidence, ranking and exposure."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from openal._checks import as_finite, as_number
from openal.errors import ArrayError

__all__ = [
    "class_weights",
    "energy_margin_loss",
    "evidential_loss",
    "outlier_exposure_loss",
    "ranking_loss",
    "weighted_cross_entropy",
]

LARGEST_LOGIT = 10.0
"""Logits beyond this bring no more evidence."""


def evidential_loss(logits: Tensor, labels: Tensor, *, anneal: float = 1.0) -> Tensor:
    """The mean of -log E[p_label], and what evidence for other classes costs (evidential learning).

    With alpha = exp(logits within -10..10) + 1 and S its sum, log S - log alpha_label, plus
    `anneal` / C times the Kullback-Leibler divergence of the Dirichlet distribution without the
    label's evidence from the uniform one.

    Args:
        logits: (m, C), raw.
        labels: (m,), int64 in 0..C-1.
        anneal: the weight of the divergence, times 1 / C; 1 is the weight after the paper's
            annealing.

    Returns:
        a scalar of the dtype of the logits; it has gradients.

    Raises:
        RuntimeError: a label out of range; from torch, for a batch is not checked.
        IndexError: logits and labels that are not as many; likewise.

    Reference: Sensoy, Kaplan and Kandemir, "Evidential Deep Learning to Quantify Classification
    Uncertainty", NeurIPS 2018, section 3 (type II maximum likelihood), as used by E2OAL.

    >>> evidential_loss(torch.full((1, 4), -100.0), torch.tensor([2]))
    tensor(1.3863)
    """
    alpha = logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT).exp() + 1
    own = one_hot(labels, logits.shape[1]).bool()
    fit = alpha.sum(dim=1).log() - alpha[own].log()
    excess = torch.where(own, 1.0, alpha)
    return (fit + anneal / logits.shape[1] * _from_uniform(excess)).mean()


def _from_uniform(alpha: Tensor) -> Tensor:
    """KL(Dirichlet(alpha) || Dirichlet(1)) [m] of alpha [m, C]."""
    total = alpha.sum(dim=1)
    width = torch.tensor(float(alpha.shape[1]), dtype=alpha.dtype, device=alpha.device)
    normalizers = total.lgamma() - width.lgamma() - alpha.lgamma().sum(dim=1)
    tilt = (alpha - 1) * (alpha.digamma() - total.digamma()[:, None])
    return normalizers + tilt.sum(dim=1)


def ranking_loss(
    predicted: Tensor, losses: Tensor, *, margin: float = 1.0, reduce: bool = True
) -> Tensor:
    """How far predicted losses are from ranking each pair as the true losses do (Learning Loss).

    For the pairs (0, 1), (2, 3), ... the hinge max(0, margin - s (predicted_a - predicted_b)), s =
    1 where loss a is larger than loss b, else -1. The last of an odd number has no pair; without
    pairs the mean is 0. Differentiable in `predicted`; the true losses are constants.

    Args:
        predicted: (B,), the losses that are predicted.
        losses: (B,), the true ones.
        margin: by how much a pair must be apart, above 0, in units of the loss; 1 is the paper's.
        reduce: whether to give the mean of the pairs.

    Returns:
        the mean, a scalar, or (B // 2,) with `reduce=False`; float64 for float64 predictions, else
        float32.

    Raises:
        ArrayError: predicted and losses that are not both (B,), or not finite; the message names
            the argument and the first bad row.
        ArgumentError: a `margin` that is not above 0.

    Reference: Yoo and Kweon, "Learning Loss for Active Learning", CVPR 2019, eq. 2. Their code
    pairs i with B - 1 - i, which is the same for shuffled batches, and refuses odd ones.

    >>> predicted = torch.tensor([0.1, 0.9, 0.4, 0.2, 7.0])
    >>> ranking_loss(predicted, torch.tensor([1.0, 2.0, 3.0, 0.5, 9.0]), reduce=False)
    tensor([0.2000, 0.8000])
    """
    margin = as_number(margin, "margin", above=0)
    predicted, losses = _require_same(predicted, losses)
    paired = len(predicted) // 2 * 2
    first, second = predicted[:paired].reshape(-1, 2).unbind(dim=1)
    larger = losses[:paired:2] > losses[1:paired:2]
    hinge = (margin - torch.where(larger, first - second, second - first)).clamp(min=0)
    return hinge.sum() / max(1, len(hinge)) if reduce else hinge


def _require_same(predicted: Tensor, losses: Tensor) -> tuple[Tensor, Tensor]:
    checked, losses = as_finite(predicted, "predicted", ndim=1), as_finite(losses, "losses", ndim=1)
    # What was checked is detached; the gradient must find its way back.
    predicted = predicted.to(checked.dtype) if isinstance(predicted, Tensor) else checked
    if losses.shape != predicted.shape:
        raise ArrayError(f"losses must be as many as predicted, {len(predicted)}: {len(losses)}.")
    return predicted, losses


def class_weights(labels: Tensor, num_classes: int, *, max_ratio: float | None = None) -> Tensor:
    """The weight of each class, so that rare classes count as much as frequent ones (JSOSAL).

    w_c = N / n_c for N labels of which n_c are c; 0 for a class without labels.

    Args:
        labels: (N,), int64 in 0..C-1.
        num_classes: C.
        max_ratio: how many times the smallest weight the largest may be; by default any, as in the
            paper.

    Returns:
        (C,), float32.

    Raises:
        RuntimeError: labels that are negative or no integers; from torch, for labels have been
            checked before.

    Reference: Zhang, Zhang, Dai and Cao, "JSOSAL: Joint Sampling for Open-Set Active Learning",
    PMLR 278, 2025.

    >>> class_weights(torch.tensor([0, 0, 0, 2]), 3)
    tensor([1.3333, 0.0000, 4.0000])
    >>> class_weights(torch.tensor([0, 0, 0, 2]), 3, max_ratio=2)
    tensor([1.3333, 0.0000, 2.6667])
    """
    counts = torch.bincount(labels, minlength=num_classes)
    weights = torch.where(counts > 0, len(labels) / counts.clamp(min=1).float(), 0.0)
    if max_ratio is None or len(labels) == 0:
        return weights
    return weights.clamp(max=max_ratio * float(weights[counts > 0].min()))


def weighted_cross_entropy(
    logits: Tensor, labels: Tensor, *, temperature: float = 1.0, weights: Tensor | None = None
) -> Tensor:
    """The mean of -log softmax(logits / T)[label], weighted by class (LfOSA, JSOSAL).

    The mean is sum(w l) / sum(w): the weights set proportions and do not change the step size.

    Args:
        logits: (N, C), raw.
        labels: (N,), int64 in 0..C-1.
        temperature: T, above 0; 1 is the plain cross-entropy, 0.5 the detectors' of both papers.
        weights: (C,), those of `class_weights`; by default all alike.

    Returns:
        a scalar of the dtype of the logits; it has gradients.

    Raises:
        IndexError: a label out of range; from torch, for a batch is not checked.
        ValueError: logits and labels that are not as many; likewise.
        RuntimeError: weights that are not one for each class; likewise.

    Reference: Ning, Zhao, Li and Huang, "Active Learning for Open-set Annotation" (LfOSA), CVPR
    2022, section 3; the weights: Zhang, Zhang, Dai and Cao (JSOSAL), PMLR 278, 2025.
    """
    weights = None if weights is None else weights.to(logits)
    return cross_entropy(logits / temperature, labels, weight=weights)


def energy_margin_loss(logits: Tensor, labels: Tensor, margin: tuple[float, float]) -> Tensor:
    """How far energies of known samples are above, of unknown ones below, their bounds (EAOA).

    mean relu(E - known)^2 over the known plus mean relu(unknown - E)^2 over the unknown, where
    (known, unknown) = `margin` and E = -log(sum_c exp(z_c)) over all outputs but the last. A kind
    without samples adds 0.

    Args:
        logits: (N, C + 1), raw, of a detector.
        labels: (N,), int64 in 0..C; C is unknown.
        margin: the energies that known samples should stay below and unknown ones above; EAOA's are
            (-25, -7).

    Returns:
        a scalar of the dtype of the logits; it has gradients.

    Raises:
        RuntimeError: shapes that do not fit; from torch, for a batch is not checked.

    Reference: Liu, Wang, Owens and Li, "Energy-based Out-of-distribution Detection", NeurIPS 2020,
    eq. 8; Zong and Huang (EAOA), CVPR 2025.

    >>> logits = torch.tensor([[30.0, 0.0, 0.0], [9.0, 0.0, 0.0]])
    >>> energy_margin_loss(logits, torch.tensor([0, 2]), (-25.0, -7.0))
    tensor(4.0005)
    """
    energy = -logits[:, :-1].logsumexp(dim=1)
    is_unknown = labels == logits.shape[1] - 1
    excess = torch.where(is_unknown, margin[1] - energy, energy - margin[0]).relu().square()
    sums = torch.stack([excess[~is_unknown].sum(), excess[is_unknown].sum()])
    counts = torch.stack([(~is_unknown).sum(), is_unknown.sum()])
    return (sums / counts.clamp(min=1)).sum()


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
