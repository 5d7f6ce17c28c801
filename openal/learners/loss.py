"""What a detector is trained to make small: cross-entropy at a temperature, classes weighted."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

__all__ = ["class_weights", "energy_margin_loss", "weighted_cross_entropy"]


def class_weights(labels: Tensor, num_classes: int, *, max_ratio: float | None = None) -> Tensor:
    """The weight of each class [C], so that rare classes count as much as frequent ones.

    w_c = N / n_c for N labels [N] of which n_c are c; 0 for a class without labels. `max_ratio`
    caps the largest weight at that many times the smallest.

    Reference: Zhang et al., "Joint Sampling for Open-Set Active Learning" (JSOSAL).

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
    """The mean over samples of -log softmax(logits / T)[label], each weighted by its class.

    The mean is sum(w l) / sum(w): the weights set proportions and do not change the step size.
    `logits` [N, C], `labels` [N] in 0..C-1, `weights` [C].

    Reference: Ning et al., "Active Learning for Open-set Annotation", CVPR 2022.
    """
    weights = None if weights is None else weights.to(logits)
    return cross_entropy(logits / temperature, labels, weight=weights)


def energy_margin_loss(logits: Tensor, labels: Tensor, margin: tuple[float, float]) -> Tensor:
    """How far the energies of known samples are above, and of unknown ones below, their bounds.

    mean relu(E - known)^2 over the known plus mean relu(unknown - E)^2 over the unknown, where
    (known, unknown) = `margin`, E = -log(sum_c exp(z_c)) over all outputs but the last, and the
    last output C is the label of unknown. `logits` [N, C + 1], `labels` [N]; a kind without
    samples adds 0.

    References: Liu et al., "Energy-based Out-of-distribution Detection", NeurIPS 2020, eq. 8;
    Zong and Huang (EAOA), CVPR 2025.

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
