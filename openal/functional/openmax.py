"""OpenMax (Bendale and Boult, CVPR 2016): a softmax with one more class, for the unknown."""

from typing import NamedTuple

import torch
from torch import Tensor

from openal._checks import as_count, as_finite, as_number, as_tensor
from openal.errors import ArrayError
from openal.functional._labels import as_labels
from openal.functional._rows import TINY, finite_blocks, float_dtype, row_lengths, row_sums
from openal.functional._weibull import Tails, weibull_tails

__all__ = ["OpenMaxModel", "openmax", "openmax_model"]


class OpenMaxModel(NamedTuple):
    """What the answers say: where each class lies, and how far its farthest answers are.

    Attributes:
        means: (K, K), float64, the mean logits of each class.
        scale: what Euclidean distances are divided by.
        tails: a Weibull distribution per class, of the distances to its mean.
    """

    means: Tensor  # [K, K] float64, the mean activation vector of each class
    scale: float  # what Euclidean distances are divided by
    tails: Tails  # of the distances to the mean, one per class

    def to(self, device: torch.device) -> "OpenMaxModel":
        """The same on another device."""
        return OpenMaxModel(self.means.to(device), self.scale, self.tails.to(device))

    def distances(self, logits: Tensor, classes: Tensor) -> Tensor:
        """The distance [n] of each row to the mean of a class."""
        return _distances(logits, self.means[classes], self.scale)

    def probabilities(self, logits: Tensor, *, alpha: int) -> Tensor:
        """The probabilities [n, K + 1] of float64 logits [n, K]; one row knows nothing of others.

        Only the `alpha` classes with the largest logits are revised, so only they are measured.
        """
        alpha = min(alpha, logits.shape[1])
        ranked = logits.sort(dim=1, descending=True, stable=True).indices
        revised, unknown = logits.clone(), torch.zeros_like(logits[:, 0])
        for rank in range(alpha):
            top = ranked[:, rank]
            z = logits.gather(1, top[:, None])[:, 0]
            far = self.tails.at(top).exceedance(self.distances(logits, top))
            taken = far * (alpha - rank) / alpha * z
            revised.scatter_(1, top[:, None], (z - taken)[:, None])
            unknown += taken
        return torch.cat([revised, unknown[:, None]], dim=1).softmax(dim=1)


def openmax(
    logits: Tensor,
    known_logits: Tensor,
    known_labels: Tensor,
    *,
    alpha: int = 10,
    tail: int = 20,
    scale: float | None = None,
    shift: float = 1.0,
) -> Tensor:
    """The probability of each class, and of none of them in the last column (OpenMax).

    A class is known by the mean logits of its correctly classified answers; what is farther from
    there than these are, by a Weibull distribution of the `tail` largest distances, loses a share
    of its logit to the unknown class. The `alpha` largest logits of a row are revised, the largest
    one by its full share. A class with fewer than 3 correctly classified answers is never revised.
    The distance is Euclidean / `scale` + cosine.

    Adding a constant to all logits changes nothing for softmax, and here it does: a share of a
    negative logit *raises* it, and lowers the unknown's, where the paper's network has positive
    ones. This is the paper's letter. Leaving negative logits as they are told known from unknown no
    better.

    Args:
        logits: (N, K), raw.
        known_logits: (m, K), raw, of answered items; m may be 0.
        known_labels: (m,), integers in 0..K-1, their classes.
        alpha: how many logits of a row are revised, at least 1; 10 is the paper's.
        tail: how many distances of a class its Weibull is fitted to, at least 1; 20 is the paper's.
        scale: what Euclidean distances are divided by, above 0; None takes the root mean square of
            the answers' distances to their class's mean, so that the scale of the logits does not
            move the weights. The paper's 200 suits 1000 classes.
        shift: where the tail starts, above 0, in units of the distance; the authors' library shifts
            by 10000, which is a Gumbel distribution.

    Returns:
        (N, K + 1), rows sum to 1; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits and known_logits that are not (N, K) and (m, K), or not finite;
            known_labels that are not one in 0..K-1 for each row; the message names the argument and
            the first bad row.
        ArgumentError: an `alpha` or `tail` that is no integer of at least 1, a `scale` or `shift`
            that is not above 0.

    Reference: Bendale and Boult, "Towards Open Set Deep Networks", CVPR 2016, algorithms 1 and 2.

    >>> known = torch.tensor([[4.0, 0.0], [5.0, 0.0], [6.0, 0.0]])
    >>> openmax(torch.tensor([[5.0, 0.0], [2.0, 1.5]]), known, torch.tensor([0, 0, 0]))[:, -1]
    tensor([0.0119, 0.5741])
    """
    alpha = as_count(alpha, "alpha", minimum=1)
    model = openmax_model(known_logits, known_labels, tail=tail, scale=scale, shift=shift)
    logits = as_tensor(logits, "logits")
    width = len(model.means)
    if logits.ndim != 2 or logits.shape[1] != width:
        raise ArrayError(f"logits must be (N, {width}) as known_logits, got {tuple(logits.shape)}.")
    shape = len(logits), width + 1
    result = torch.empty(shape, dtype=float_dtype(logits), device=logits.device)
    for rows, block in finite_blocks(logits, "logits", ndim=2):
        result[rows] = model.probabilities(block.double(), alpha=alpha)
    return result


def openmax_model(
    known_logits: Tensor,
    known_labels: Tensor,
    *,
    tail: int = 20,
    scale: float | None = None,
    shift: float = 1.0,
) -> OpenMaxModel:
    """What `openmax` learns from the answers: where each class lies, and how far they reach.

    Means and tails come from the correctly classified items alone; equal logits count for the
    lowest class.

    Args:
        known_logits: (m, K), raw, of answered items; m may be 0.
        known_labels: (m,), integers in 0..K-1, their classes.
        tail: as in `openmax`.
        scale: as in `openmax`.
        shift: as in `openmax`.

    Returns:
        `OpenMaxModel`, float64, on the device of the logits.

    Raises:
        ArrayError: known_logits that are not (m, K), or not finite; known_labels that are not one
            in 0..K-1 for each row; the message names the argument and the first bad row.
        ArgumentError: a `tail` that is no integer of at least 1, a `scale` or `shift` that is not
            above 0.

    Reference: Bendale and Boult, "Towards Open Set Deep Networks", CVPR 2016, algorithm 1.
    """
    tail = as_count(tail, "tail", minimum=1)
    shift = as_number(shift, "shift", above=0)
    scale = None if scale is None else as_number(scale, "scale", above=0)
    logits = as_finite(known_logits, "known_logits", ndim=2).double()
    labels = as_labels(known_labels, "known_labels", logits, count=logits.shape[1])
    right = logits.argmax(dim=1) == labels
    logits, labels = logits[right], labels[right]
    sums = logits.new_zeros(logits.shape[1], logits.shape[1]).index_add_(0, labels, logits)
    counts = torch.bincount(labels, minlength=logits.shape[1])
    means = sums / counts.clamp(min=1)[:, None]
    own = means[labels]
    scale = scale or _spread(logits - own)
    distances = _distances(logits, own, scale)
    tails = weibull_tails(distances, labels, len(means), tail=tail, shift=shift)
    return OpenMaxModel(means, scale, tails)


def _distances(logits: Tensor, means: Tensor, scale: float) -> Tensor:
    """Euclidean distance / scale + cosine distance [n] of rows to means [n, K]."""
    lengths = (row_lengths(logits) * row_lengths(means)).clamp_min(TINY)
    return row_lengths(logits - means) / scale + 1 - row_sums(logits * means) / lengths


def _spread(deviations: Tensor) -> float:
    """The root mean square length of rows; 1 where there are none, or none with a length."""
    squares = row_lengths(deviations).square()
    return float(squares.mean().sqrt()) if squares.any() else 1.0
