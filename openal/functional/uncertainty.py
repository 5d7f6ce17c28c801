"""Entropy, least confidence, margin, BALD and other uncertainties of logits.

Larger is less certain. All come from log-softmax, without an epsilon.
"""

import torch
from torch import Tensor

from openal.functional._rows import map_rows

__all__ = [
    "bald",
    "entropy",
    "in_between",
    "least_confidence",
    "margin",
    "mean_std",
    "variation_ratio",
]


def entropy(logits: Tensor) -> Tensor:
    """The entropy of each prediction, in nats: 0 for a certain one, log K for an even one.

    Args:
        logits: (N, K), raw; a row is one prediction.

    Returns:
        (N,), larger is less certain; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits that are not (N, K) with K > 0, or not finite; the message names the
            first bad row.

    Reference: Shannon, "A Mathematical Theory of Communication", 1948; Settles, "Active Learning
    Literature Survey", 2009, section 3.1.

    >>> entropy(torch.tensor([[200.0, 0.0], [0.0, 0.0]]))
    tensor([0.0000, 0.6931])
    """
    return map_rows(_entropy, logits, "logits", ndim=2)


def least_confidence(logits: Tensor) -> Tensor:
    """What the best class lacks to be certain: 1 - p1.

    Args:
        logits: (N, K), raw; a row is one prediction.

    Returns:
        (N,) in [0, 1 - 1/K], larger is less certain; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits that are not (N, K) with K > 0, or not finite; the message names the
            first bad row.

    Reference: Lewis and Gale, "A Sequential Algorithm for Training Text Classifiers", SIGIR 1994;
    Settles, "Active Learning Literature Survey", 2009, section 3.1.

    >>> least_confidence(torch.tensor([[200.0, 0.0], [0.0, 0.0]]))
    tensor([0.0000, 0.5000])
    """
    return map_rows(_least_confidence, logits, "logits", ndim=2)


def margin(logits: Tensor) -> Tensor:
    """How close the two best classes are: 1 - (p1 - p2), which is 1 for a tie.

    With one class p2 is 0, so the margin is 0.

    Args:
        logits: (N, K), raw; a row is one prediction.

    Returns:
        (N,) in [0, 1], larger is less certain; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits that are not (N, K) with K > 0, or not finite; the message names the
            first bad row.

    Reference: Scheffer, Decomain and Wrobel, "Active Hidden Markov Models for Information
    Extraction", IDA 2001; here turned round so that larger is less certain.

    >>> margin(torch.tensor([[200.0, 0.0], [3.0, 3.0]]))
    tensor([0., 1.])
    """
    return map_rows(_margin, logits, "logits", ndim=2)


def variation_ratio(mc_logits: Tensor) -> Tensor:
    """The share of the T samples that predict another class than most samples do.

    1 - f / T, with f the count of the most frequent predicted class; equal logits count for the
    lowest class. Some codes take 1 - max_c mean_t p_tc, which is not this.

    Args:
        mc_logits: (N, T, K), raw, of T stochastic passes.

    Returns:
        (N,) in [0, 1), larger is less certain; float64 for float64 logits, else float32.

    Raises:
        ArrayError: mc_logits that are not (N, T, K) with T, K > 0, or not finite; the message names
            the first bad row.

    Reference: Freeman, "Elementary Applied Statistics", 1965; Gal, "Uncertainty in Deep Learning",
    2016, section 3.3.1.

    >>> variation_ratio(torch.tensor([[[2.0, 0.0], [0.0, 2.0], [5.0, 0.0], [1.0, 0.0]]]))
    tensor([0.2500])
    """
    return map_rows(_variation_ratio, mc_logits, "mc_logits", ndim=3)


def mean_std(mc_logits: Tensor) -> Tensor:
    """How much the T samples vary in the probability of a class, on average over the classes.

    mean_c std_t p_tc, with the standard deviation of the population (divided by T), so one sample
    gives 0.

    Args:
        mc_logits: (N, T, K), raw, of T stochastic passes.

    Returns:
        (N,) in [0, 1/2], larger is less certain; float64 for float64 logits, else float32.

    Raises:
        ArrayError: mc_logits that are not (N, T, K) with T, K > 0, or not finite; the message names
            the first bad row.

    Reference: Kampffmeyer, Salberg and Jenssen, "Semantic Segmentation of Small Objects and
    Modeling of Uncertainty in Urban Remote Sensing Images Using Deep Convolutional Neural
    Networks", CVPR Workshops 2016; Gal, Islam and Ghahramani, "Deep Bayesian Active Learning with
    Image Data", ICML 2017.

    >>> mean_std(torch.tensor([[[200.0, 0.0], [0.0, 200.0]], [[3.0, 1.0], [3.0, 1.0]]]))
    tensor([0.5000, 0.0000])
    """
    return map_rows(_mean_std, mc_logits, "mc_logits", ndim=3)


def bald(mc_logits: Tensor) -> Tensor:
    """How much the T samples disagree, in nats: H(mean_t p_t) - mean_t H(p_t), never below 0.

    It is what the label would tell about which sample is right: large where each sample is sure of
    another class.

    Args:
        mc_logits: (N, T, K), raw, of T stochastic passes.

    Returns:
        (N,) in [0, log T], larger is less certain; float64 for float64 logits, else float32.

    Raises:
        ArrayError: mc_logits that are not (N, T, K) with T, K > 0, or not finite; the message names
            the first bad row.

    Reference: Houlsby, Huszár, Ghahramani and Lengyel, "Bayesian Active Learning for Classification
    and Preference Learning", arXiv 1112.5745, 2011, eq. 2.

    >>> bald(torch.tensor([[[200.0, 0.0], [0.0, 200.0]], [[0.0, 0.0], [0.0, 0.0]]]))
    tensor([0.6931, 0.0000])
    """
    return map_rows(_bald, mc_logits, "mc_logits", ndim=3)


def _entropy(logits: Tensor) -> Tensor:
    # log Z - sum x e^x / Z. Differences of huge logits overflow to -inf; 0 * -inf would be NaN.
    below = _below_best(logits).clamp_(min=torch.finfo(logits.dtype).min)
    odds = below.exp()
    total = odds.sum(dim=1)
    return total.log() - odds.mul_(below).sum(dim=1) / total


def _least_confidence(logits: Tensor) -> Tensor:
    return 1 - 1 / _odds(logits).sum(dim=1)


def _margin(logits: Tensor) -> Tensor:
    odds = _odds(logits)
    total = odds.sum(dim=1)
    others = odds.frac_()  # the odds of the best are 1, and now 0
    second = others.amax(dim=1)
    second[total - others.sum(dim=1) > 1.5] = 1  # two or more were best
    return 1 - (1 - second) / total


def _variation_ratio(mc_logits: Tensor) -> Tensor:
    _, samples, num_classes = mc_logits.shape
    votes = mc_logits.argmax(dim=2)
    counts = mc_logits.new_zeros(len(votes), num_classes)
    counts.scatter_add_(1, votes, mc_logits.new_ones(votes.shape))
    return 1 - counts.amax(dim=1) / samples


def _mean_std(mc_logits: Tensor) -> Tensor:
    p = _softmax(mc_logits)
    return p.sub_(p.mean(dim=1, keepdim=True)).square_().mean(dim=1).sqrt_().mean(dim=1)


def _bald(mc_logits: Tensor) -> Tensor:
    p = _softmax(mc_logits)
    return (_surprise(p.mean(dim=1)) - _surprise(p).mean(dim=1)).clamp_(min=0)


def _surprise(p: Tensor) -> Tensor:
    """The entropy of probabilities [..., K]; 0 log 0 is 0: the clamp changes 0 and subnormals."""
    return p.clamp_min(torch.finfo(p.dtype).tiny).log_().mul_(p).sum(dim=-1).neg_()


def _softmax(logits: Tensor) -> Tensor:
    """Probabilities [..., K]; torch's own are slow where there are few classes."""
    odds = _odds(logits)
    return odds.div_(odds.sum(dim=-1, keepdim=True))


def _odds(logits: Tensor) -> Tensor:
    """The odds [..., K] against the best class, whose odds are 1."""
    return _below_best(logits).exp_()


def _below_best(logits: Tensor) -> Tensor:
    return logits - logits.amax(dim=-1, keepdim=True)


def in_between(logits: Tensor) -> Tensor:
    """How far each prediction is both from an even one and from a certain one (E2OAL).

    JS(p, uniform) JS(p, one-hot of the largest), with the Jensen-Shannon divergence JS(p, q) =
    (KL(p || m) + KL(q || m)) / 2, m = (p + q) / 2, in nats. 0 for an even and for a certain
    prediction.

    Args:
        logits: (N, K), raw; a row is one prediction.

    Returns:
        (N,), larger is more informative; float64 for float64 logits, else float32.

    Raises:
        ArrayError: logits that are not (N, K) with K > 0, or not finite; the message names the
            first bad row.

    Reference: E2OAL, arXiv 2603.07898, 2026; its authors' code exchanges the arguments of KL.

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
