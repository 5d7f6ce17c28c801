"""The linear layer between features and logits, found from examples of both."""

from typing import NamedTuple

import torch
from torch import Tensor

from openal.checks import as_finite, as_number
from openal.errors import ArrayError

__all__ = ["LinearHead", "linear_head"]


class LinearHead(NamedTuple):
    """`features @ weight.T + bias` and the share of the logits' variance that it explains."""

    weight: Tensor  # [K, d] float64
    bias: Tensor  # [K] float64
    explained: float


def linear_head(features: Tensor, logits: Tensor, *, ridge: float = 1e-10) -> LinearHead:
    """The layer with the least squared error from features (m, d) to logits (m, K).

    Exact, up to the precision of the inputs, where logits are linear in the features and there
    are more rows than features; where these span fewer directions, the least weight of all that
    fit. `ridge` is relative to the mean variance of a feature. Features that do not vary have
    weight 0; logits that do not vary are explained in full.

    >>> head = linear_head(torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[1.0], [3.0], [5.0]]))
    >>> [round(value, 4) for value in (head.weight.item(), head.bias.item(), head.explained)]
    [2.0, 1.0, 1.0]
    """
    ridge = as_number(ridge, "ridge", minimum=0)
    x, y = as_finite(features, "features", ndim=2), as_finite(logits, "logits", ndim=2)
    if len(x) != len(y) or len(x) == 0:
        raise ArrayError(f"features and logits must be as many, and some: {len(x)} and {len(y)}.")
    x, y = x.double(), y.double()
    center, level = x.mean(dim=0), y.mean(dim=0)
    x, y = x - center, y - level
    gram = x.T @ x
    least = torch.finfo(gram.dtype).tiny
    gram.diagonal().add_((ridge * gram.diagonal().mean()).clamp_min(least))
    weight = torch.linalg.solve(gram, x.T @ y).T.contiguous()
    missed = (y - x @ weight.T).square().sum() / y.square().sum().clamp_min(least)
    return LinearHead(weight, level - weight @ center, 1 - float(missed))
