"""How representative and how decided is an item, by yes-or-no heads?"""

import torch
from torch import Tensor

from openal.checks import as_tensor
from openal.errors import ArrayError
from openal.functional.rows import finite_blocks, float_dtype

__all__ = ["progressive_score"]

FAR = 700.0
"""Beyond this difference of logits a probability is 0 or 1 in double precision."""


def progressive_score(head_logits: Tensor, *, mu: float = 0.6) -> tuple[Tensor, Tensor]:
    """PAL's value of each item, and whether any head takes it for its class.

    From (N, 2, K), the logits of "not class k" and "class k", to (N,) and bool (N,). With w the
    largest probability of a yes, and q the largest of a no, decidedness is S = 2.5 (1 + q log q);
    the value is w + mu S where a head says yes (w > 1/2), and w + mu (1 - S) where all say no.

    Reference: Yang et al., "Not All Out-of-Distribution Data Are Harmful to Open-Set Active
    Learning", NeurIPS 2023.

    >>> heads = torch.tensor([[[0.0, 3.0], [3.0, 0.0]], [[3.0, 3.0], [0.0, 0.0]]])
    >>> progressive_score(heads)
    (tensor([ 2.3831, -0.7831]), tensor([ True, False]))
    """
    head_logits = as_tensor(head_logits, "head_logits")
    if head_logits.ndim != 3 or head_logits.shape[1] != 2:
        raise ArrayError(f"head_logits must be (N, 2, K), got {tuple(head_logits.shape)}.")
    value = torch.empty(len(head_logits), dtype=float_dtype(head_logits), device=head_logits.device)
    known = torch.empty(len(head_logits), dtype=torch.bool, device=head_logits.device)
    for rows, block in finite_blocks(head_logits, "head_logits", ndim=3):
        yes = (block[:, 1].double() - block[:, 0].double()).clamp(max=FAR)
        largest, smallest = yes.amax(dim=1), yes.amin(dim=1)
        w = 1 / (1 + (-largest).exp())
        log_no = -(1 + smallest.exp()).log()
        decided = 2.5 * (1 + log_no.exp() * log_no)
        known[rows] = largest > 0
        value[rows] = (w + mu * torch.where(known[rows], decided, 1 - decided)).to(value)
    return value, known
