"""BatchBALD (Kirsch et al., NeurIPS 2019): what the labels of a batch tell together."""

from dataclasses import dataclass

import torch
from torch import Tensor

from openal._checks import as_count, as_finite
from openal._threads import one_thread
from openal.errors import ArrayError

__all__ = ["batch_bald"]

BLOCK_ELEMENTS = 2**20
"""How many numbers of float64 one block of candidates may take."""

LEAST_GAIN = 1e-6
"""Information below this many nats counts as none, and as a tie among candidates."""

TINY = torch.finfo(torch.float64).tiny


def batch_bald(
    mc_logits: Tensor,
    budget: int,
    *,
    configurations: int = 500,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """The rows whose labels together tell most about which of the T samples is right (BatchBALD).

    The gains are what each label adds to those before it, I(y_i; w | y_1..y_{i-1}). Their sum is
    the batch's joint mutual information H(y_1..y_b) - sum_i E_w H(y_i | w), at most log T.

    Exact while the labels chosen so far have at most `configurations` values, K^i; beyond that so
    many are drawn. Gains below 1e-6 are 0: then the samples are told apart, and what is left of the
    budget goes by BALD. Ties go to the larger BALD, then to the lower row.

    Args:
        mc_logits: (N, T, K), raw. The samples are networks: sample t must be the same network for
            every row, as `learners.MCDropout` makes them.
        budget: how many rows, at least 1; at most N are chosen.
        configurations: how many joint labels are followed at most, at least 1; 500 by default.
        generator: what configurations are drawn from; None is torch's own.

    Returns:
        rows (b,), int64, best first, and gains (b,), in nats, float64 for float64 logits, else
        float32; b = min(budget, N).

    Raises:
        ArrayError: mc_logits that are not (N, T, K) with T, K > 0, or not finite; the message names
            the first bad row.
        ArgumentError: a `budget` or `configurations` that is no integer of at least 1.

    Reference: Kirsch, van Amersfoort and Gal, "BatchBALD: Efficient and Diverse Batch Acquisition
    for Deep Bayesian Active Learning", NeurIPS 2019, eq. 8-14 and algorithm 1. Entropies are those
    of each configuration's posterior over the samples, which never underflow, instead of products
    of probabilities; the expected entropy uses the same posteriors, so that no gain is negative;
    configurations are drawn systematically, by the entropy of the samples that they leave; and a
    candidate is weighed again only while its last gain, which can but shrink, is the largest.

    >>> sure, other = [[9.0, 0.0], [0.0, 9.0]], [[9.0, 0.0], [9.0, 0.0]]
    >>> batch_bald(torch.tensor([other, sure, sure]), 2)[0]
    tensor([1, 2])
    """
    logits = as_finite(mc_logits, "mc_logits", ndim=3)
    if 0 in logits.shape[1:]:
        raise ArrayError(f"mc_logits must have no empty row, got shape {tuple(logits.shape)}.")
    budget = min(as_count(budget, "budget", minimum=1), len(logits))
    configurations = as_count(configurations, "configurations", minimum=1)
    with one_thread():
        p = logits.double().softmax(dim=2)
        alone = _rounded(_gains(p, _Labels.none(p)))
        order = alone.argsort(descending=True, stable=True)
        places, gains = _greedy(p[order], alone[order], budget, configurations, generator)
    return order[places], gains.to(logits.dtype)


def _greedy(
    p: Tensor, bounds: Tensor, budget: int, configurations: int, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """Rows (b,) of probabilities [N, T, K] that stand in the order of BALD, and gains (b,)."""
    labels, chosen, gains = _Labels.none(p), [0][: len(p)], bounds[:1].tolist()
    while len(chosen) < budget:
        labels = labels.with_row(p[chosen[-1]]).reduced(configurations, generator)
        bounds[chosen[-1]] = -1  # never again
        best = _best(p, bounds, labels)
        if bounds[best] <= 0:
            break
        chosen.append(best)
        gains.append(float(bounds[best]))
    left = torch.ones(len(p), dtype=torch.bool, device=p.device)
    left[chosen] = False
    rest = left.nonzero()[: budget - len(chosen), 0]
    places = torch.cat([torch.tensor(chosen, dtype=torch.int64, device=p.device), rest])
    return places, p.new_tensor(gains + [0.0] * len(rest))


@dataclass(frozen=True, eq=False)
class _Labels:
    """What the labels chosen so far may be: their probabilities, and what each would tell."""

    weights: Tensor  # [C]: of each configuration
    posteriors: Tensor  # [C, T], rows sum to 1: of the samples, given the configuration

    @classmethod
    def none(cls, p: Tensor) -> "_Labels":
        samples = p.shape[1]
        return cls(p.new_ones(1), p.new_full((1, samples), 1 / samples))

    def with_row(self, p: Tensor) -> "_Labels":
        """The same with one more label, of probabilities [T, K]."""
        joint = self.posteriors[:, None] * p.T  # [C, K, T]
        likelihood = joint.sum(dim=2)  # [C, K]
        weights = (self.weights[:, None] * likelihood).flatten()
        there = weights > 0
        posteriors = joint.flatten(0, 1)[there] / likelihood.flatten()[there, None]
        return _Labels(weights[there], posteriors)

    def reduced(self, count: int, generator: torch.Generator | None) -> "_Labels":
        """At most `count` configurations, drawn by how much they leave open and weighted back."""
        if len(self.weights) <= count:
            return self
        open_ = self.weights * _entropy(self.posteriors)  # no label can tell more than this
        ends = open_.cumsum(0)
        start = torch.rand((), generator=generator, dtype=torch.float64, device="cpu")
        points = ((start + torch.arange(count, device="cpu")) / count).to(ends) * ends[-1]
        drawn = torch.searchsorted(ends, points, right=True).clamp(max=len(ends) - 1)
        shares = (count * open_[drawn] / ends[-1]).clamp(min=TINY)
        return _Labels(self.weights[drawn] / shares, self.posteriors[drawn])


def _best(p: Tensor, bounds: Tensor, labels: _Labels) -> int:
    """The place of the candidate that gains most; lowers the bounds [N] of those it looks at."""
    size = max(1, BLOCK_ELEMENTS // (len(labels.weights) * p.shape[2]))
    fresh = torch.zeros_like(bounds, dtype=torch.bool)
    while True:
        best = int(bounds.argmax())  # the first of equals
        if fresh[best] or bounds[best] <= 0:
            return best
        stale = torch.where(fresh, -1, bounds)
        block = stale.argsort(descending=True, stable=True)[:size]
        block = block[stale[block] > 0]
        bounds[block] = torch.minimum(bounds[block], _rounded(_gains(p[block], labels)))
        fresh[block] = True


def _gains(p: Tensor, labels: _Labels) -> Tensor:
    """I(y; w | labels) of each row [n, T, K]: E_c [H(E_w|c p) - E_w|c H(p)]."""
    size = max(1, BLOCK_ELEMENTS // (len(labels.weights) * p.shape[2]))
    expected = labels.weights @ labels.posteriors  # [T]
    gains = [
        _expected_entropy(block, labels) - _entropy(block) @ expected for block in p.split(size)
    ]
    return torch.cat(gains)


def _expected_entropy(p: Tensor, labels: _Labels) -> Tensor:
    """E_c H(E_w|c p) of each row [n, T, K]."""
    n, samples, classes = p.shape
    columns = p.transpose(0, 1).reshape(samples, n * classes)
    surprise: Tensor = torch.special.entr(labels.posteriors @ columns)  # [C, n * K]
    return (labels.weights @ surprise).reshape(n, classes).sum(dim=1)


def _entropy(p: Tensor) -> Tensor:
    surprise: Tensor = torch.special.entr(p)
    return surprise.sum(dim=-1)


def _rounded(gains: Tensor) -> Tensor:
    """To whole multiples of `LEAST_GAIN`: the last bits of a product of matrices decide nothing."""
    return (gains / LEAST_GAIN).round().clamp(min=0) * LEAST_GAIN
