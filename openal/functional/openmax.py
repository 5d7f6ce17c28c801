"""A softmax with one more class, for what lies far from every class that was seen."""

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
    """What the answers say: where each class lies, and how far its farthest answers are."""

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
    """The probability of each class, and of none of them in the last column.

    From logits (N, K), and those of m answered items (m, K) with their classes (m), to (N, K + 1).
    A class is known by the mean logits of its correctly classified answers; what is farther from
    there than these are, by a Weibull distribution of the `tail` largest distances, loses a share
    of its logit to the unknown class. The `alpha` largest logits of a row are revised, the largest
    one by its full share. A class with fewer than 3 correctly classified answers is never revised.

    The distance is Euclidean / `scale` + cosine. `scale=None` takes the root mean square of the
    answers' Euclidean distances to their class's mean, so that the scale of the logits does not
    move the weights; the paper's 200 suits 1000 classes. `shift` is where the tail starts, in such
    units; the authors' library shifts by 10000, which is a Gumbel distribution.

    Adding a constant to all logits changes nothing for softmax, and here it does: a share of a
    negative logit *raises* it, and lowers the unknown's, where the paper's network has positive
    ones. This is the paper's letter. Leaving negative logits as they are told known from unknown
    no better.

    Bendale and Boult, "Towards Open Set Deep Networks", CVPR 2016, algorithms 1 and 2.

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
    """What `openmax` learns from the logits (m, K) and classes (m) of answered items; m may be 0.

    Means and tails come from the correctly classified items alone; equal logits count for the
    lowest class.
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
