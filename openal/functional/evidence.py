"""Evidence for classes, as a Dirichlet distribution over their probabilities."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

__all__ = ["evidential_loss"]

LIMIT = 10.0
"""Logits beyond this bring no more evidence."""


def evidential_loss(logits: Tensor, labels: Tensor, *, anneal: float = 1.0) -> Tensor:
    """The mean of -log E[p_label], and what evidence for other classes costs.

    From logits [m, C] and labels [m] in 0..C-1 to []. With alpha = exp(logits within -10..10) + 1
    and S its sum, log S - log alpha_label, plus `anneal` / C times the Kullback-Leibler divergence
    of the Dirichlet distribution without the label's evidence from the uniform one.

    Reference: Sensoy, Kaplan and Kandemir, "Evidential Deep Learning to Quantify Classification
    Uncertainty", NeurIPS 2018, section 3 (type II maximum likelihood), as used by E2OAL.

    >>> evidential_loss(torch.full((1, 4), -100.0), torch.tensor([2]))
    tensor(1.3863)
    """
    alpha = logits.clamp(-LIMIT, LIMIT).exp() + 1
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
