"""What a classifier and K yes-or-no heads learn together."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot, softplus

from openal.learners.heads import Head

__all__ = ["yes_or_no_heads", "yes_or_no_loss"]


def yes_or_no_heads(num_classes: int) -> dict[str, Head]:
    """Of 3 K outputs: the K-way `logits`, and `head_logits` [2, K], "not class k" and "class k"."""
    k = num_classes
    return {"logits": Head(0, (k,)), "head_logits": Head(k, (2, k))}


def yes_or_no_loss(num_classes: int) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of (outputs [m, 3 K], labels [m] in 0..K, K for unknown).

    The classifier's cross-entropy, a mean over the known items, and the heads' mean over all: the
    own head shall say yes and the others no, on average over these; for an unknown item all say
    no. Half of a known item's weight is its own head's.

    OVANet (Saito and Saenko, 2021) takes the hardest of the other heads instead of their mean;
    with the mean a linear layer has one smooth, convex problem to solve.
    """
    return partial(_loss, heads=yes_or_no_heads(num_classes), num_classes=num_classes)


def _loss(outputs: Tensor, labels: Tensor, heads: dict[str, Head], num_classes: int) -> Tensor:
    known = labels < num_classes
    pairs = heads["head_logits"].of(outputs)
    yes = pairs[:, 1] - pairs[:, 0]
    own = one_hot(labels, num_classes + 1)[:, :num_classes].bool()
    others = torch.where(own, 0.0, softplus(yes)).sum(dim=1) / (~own).sum(dim=1).clamp(min=1)
    binary = (torch.where(own, softplus(-yes), 0.0).sum(dim=1) + others).mean()
    if not known.any():
        return binary
    return binary + cross_entropy(heads["logits"].of(outputs)[known], labels[known])
