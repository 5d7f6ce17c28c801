"""How much kernel the answers have at each point, and the share of known classes that it says."""

import torch
from torch import Tensor

from openal._checks import as_number
from openal.functional._rows import directions_of, row_sums

__all__ = ["kernel_sums", "share_of_sums"]

PAIRS = 2**22
"""How many kernel values are held at a time."""

CANCELED = 1e-6
"""The share of its square that a row less the center has left, below which digits were lost."""


def kernel_sums(
    points: Tensor,
    answered: Tensor,
    is_known: Tensor,
    width: float,
    center: Tensor | None = None,
) -> Tensor:
    """How much kernel all answers and the known ones have at each point, float64 [n, 2].

    `answered` [m, D] are of length one, float64, and less the center [D] already. The kernel is
    never held whole.
    """
    as_number(width, "width", above=0)
    kinds = torch.stack([torch.ones_like(is_known), is_known], dim=1).double()
    rows = max(1, PAIRS // max(1, len(answered)))
    parts = [
        (cosines(block, answered, center).sub_(1) / width).exp_() @ kinds
        for block in points.split(rows)
    ]
    return torch.cat(parts)


def cosines(points: Tensor, units: Tensor, center: Tensor | None) -> Tensor:
    """The cosines [n, m] of points less a center with rows of length one, float64."""
    if center is not None and points.dtype != torch.float64:
        # By fewer passes: x - c is never formed, where that loses no digits.
        x = points.double()
        squares = row_sums(x * x)
        lengths = squares - 2 * (x @ center) + center @ center
        if len(x) and bool((lengths > CANCELED * squares).all()):
            dots = torch.addmm(-(units @ center), x, units.T)
            return dots.div_(lengths.sqrt_()[:, None])
    return directions_of(points.double(), center) @ units.T


def share_of_sums(sums: Tensor, is_known: Tensor, prior_weight: float) -> tuple[Tensor, float]:
    """The probability [n] that each point is known, from its kernel sums, and the prior's mean."""
    weight = as_number(prior_weight, "prior_weight", above=0)
    every, known = sums.unbind(dim=1)
    prior = 0.5
    if not is_known.all():
        reached = every / (weight + every)
        share = known / every.clamp_min(torch.finfo(torch.float64).tiny)
        prior = float((1 + (reached * share).sum()) / (2 + reached.sum()))
    return ((weight * prior + known) / (weight + every)).clamp(0, 1), prior
