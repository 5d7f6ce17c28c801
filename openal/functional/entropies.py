"""EOAL's entropies of binary heads and of distances, and PAL's scores of one-vs-all heads."""

from functools import partial
from math import log

import torch
from torch import Tensor

from openal._checks import as_finite, as_tensor
from openal.errors import ArrayError
from openal.functional._rows import finite_blocks, float_dtype, map_rows
from openal.functional.uncertainty import entropy

__all__ = ["binary_entropy_score", "distance_entropy", "progressive_score"]

LARGEST_GAP = 700.0
"""Beyond this difference of logits a probability is 0 or 1 in double precision."""


def progressive_score(head_logits: Tensor, *, mu: float = 0.6) -> tuple[Tensor, Tensor]:
    """PAL's value of each item, and whether any one-vs-all head takes it for its class.

    With w the largest probability of a yes, and q the largest of a no, decidedness is S = 2.5 (1 +
    q log q); the value is w + mu S where a head says yes (w > 1/2), and w + mu (1 - S) where all
    say no.

    Args:
        head_logits: (N, 2, K), raw, of "not class k" and "class k".
        mu: the weight of decidedness; 0.6 is the authors'.

    Returns:
        the value (N,), float64 for float64 logits, else float32; and whether it is known, (N,)
        bool.

    Raises:
        ArrayError: head_logits that are not (N, 2, K) with K > 0, or not finite; the message names
            the first bad row.

    Reference: Yang et al., "Not All Out-of-Distribution Data Are Harmful to Open-Set Active
    Learning" (PAL), NeurIPS 2023.

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
        yes = (block[:, 1].double() - block[:, 0].double()).clamp(max=LARGEST_GAP)
        largest, smallest = yes.amax(dim=1), yes.amin(dim=1)
        w = 1 / (1 + (-largest).exp())
        log_no = -(1 + smallest.exp()).log()
        decided = 2.5 * (1 + log_no.exp() * log_no)
        known[rows] = largest > 0
        value[rows] = (w + mu * torch.where(known[rows], decided, 1 - decided)).to(value)
    return value, known


def binary_entropy_score(logits: Tensor) -> Tensor:
    """How unsure K binary heads are on average: 0 where all are certain, 1 where none knows (EOAL).

    The mean over heads of the entropy of the softmax over the second dimension, in bits. The order
    of the two outputs does not matter.

    Args:
        logits: (N, 2, K), raw, two outputs for each of K heads.

    Returns:
        (N,) in [0, 1]; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits that are not (N, 2, K) with K > 0, or not finite; the message names the
            first bad row.

    Reference: Safaei, Vibashan, de Melo and Patel, "Entropic Open-Set Active Learning" (EOAL), AAAI
    2024: the closed-set entropy. A re-implementation by others leaves it in nats, which changes its
    weight against `distance_entropy`.

    >>> binary_entropy_score(torch.tensor([[[0.0, 200.0], [0.0, 0.0]]]))
    tensor([0.5000])
    """
    logits = as_tensor(logits, "logits")
    if logits.ndim == 3 and logits.shape[1] != 2:
        raise ArrayError(f"logits must be (N, 2, K), got {tuple(logits.shape)}.")
    return map_rows(_head_entropy, logits, "logits", ndim=3)


def distance_entropy(points: Tensor, centers: Tensor) -> Tensor:
    """How evenly far each point is from all centers: 0 close to one, 1 equally far from all (EOAL).

    The entropy of softmax(-d) over the Euclidean distances d, divided by log C; 0 where C is 1. The
    scale of the points matters. Distances are taken pair by pair in float64, so equal points have
    equal entropies.

    Args:
        points: (N, D).
        centers: (C, D), C > 0; for EOAL the centers of clusters of unknown items.

    Returns:
        (N,) in [0, 1]; float64 for float64 points, else float32.

    Raises:
        ArrayError: points and centers that are not (N, D) and (C, D) with C, D > 0, or not finite;
            the message names the argument and the first bad row.

    Reference: Safaei, Vibashan, de Melo and Patel, "Entropic Open-Set Active Learning" (EOAL), AAAI
    2024: the distance-based entropy. The authors' code divides by log 1 where there is one center.

    >>> distance_entropy(torch.tensor([[0.0], [-99.0]]), torch.tensor([[-99.0], [99.0]]))
    tensor([1., 0.])
    """
    centers = as_finite(centers, "centers", ndim=2)
    points = as_tensor(points, "points")
    if len(centers) == 0 or points.ndim != 2 or points.shape[1] != centers.shape[1]:
        shapes = f"{tuple(points.shape)} and {tuple(centers.shape)}"
        raise ArrayError(f"points and centers must be (N, D) and (C, D), C > 0, got {shapes}.")
    spread = partial(_distance_entropy, centers=centers.to(points.device).double())
    return map_rows(spread, points, "points", ndim=2)


def _head_entropy(logits: Tensor) -> Tensor:
    gap = (logits[:, 1] - logits[:, 0]).abs_().clamp_(max=torch.finfo(logits.dtype).max)
    odds = gap.neg().exp_()  # of the less likely output
    return (odds.log1p() + gap * odds / (1 + odds)).mean(dim=1) / log(2)


def _distance_entropy(points: Tensor, centers: Tensor) -> Tensor:
    # The faster way over a matrix product cancels where points are close, and rounds by block.
    exact = "donot_use_mm_for_euclid_dist"
    distances = torch.cdist(points.double(), centers, compute_mode=exact)
    return (entropy(-distances) / log(max(2, len(centers)))).clamp_(max=1)
