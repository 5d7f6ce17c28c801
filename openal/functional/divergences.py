"""Between a sure and an even prediction."""

import torch
from torch import Tensor

from openal.functional.rows import map_rows

__all__ = ["in_between"]


def in_between(logits: Tensor) -> Tensor:
    """How far a prediction is both from an even one and from a certain one.

    From (N, K) to (N,): JS(p, uniform) JS(p, one-hot of the largest), with the Jensen-Shannon
    divergence JS(p, q) = (KL(p || m) + KL(q || m)) / 2, m = (p + q) / 2, in nats. 0 for an even
    and for a certain prediction.

    Reference: E2OAL, arXiv 2603.07898; its authors' code exchanges the arguments of KL.

    >>> in_between(torch.tensor([[0.0, 0.0], [1000.0, 0.0], [1.0, 0.0]]))
    tensor([0.0000, 0.0000, 0.0030])
    """
    return map_rows(_in_between, logits, "logits", ndim=2)


def _in_between(logits: Tensor) -> Tensor:
    p = (logits.double() - logits.double().amax(dim=1, keepdim=True)).exp()
    p = p / p.sum(dim=1, keepdim=True)
    even = torch.full_like(p, 1 / p.shape[1])
    certain = torch.zeros_like(p).scatter_(1, logits.argmax(dim=1, keepdim=True), 1)
    return (_js(p, even) * _js(p, certain)).to(logits)


def _js(p: Tensor, q: Tensor) -> Tensor:
    m = (p + q) / 2
    return ((_kl(p, m) + _kl(q, m)) / 2).clamp(min=0)


def _kl(p: Tensor, m: Tensor) -> Tensor:
    """KL(p || m) [n]; 0 log 0 is 0."""
    tiny = torch.finfo(p.dtype).tiny
    return (p * (p.clamp(min=tiny) / m.clamp(min=tiny)).log()).sum(dim=1)
