"""Clusterability: do neighbors share a label, and NEAT's bound on the errors of their vote."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from openal._checks import as_count, as_finite, as_number, as_tensor
from openal.errors import ArgumentError, ArrayError
from openal.functional._labels import as_labels
from openal.functional._rows import largest_size, runs
from openal.functional.neighbors import knn

__all__ = ["Clusterability", "clusterability", "vote_error_bound"]

GROUPS = 20
"""Into so many groups of equal size the pairs of neighbors are cut, by their distance."""

TENTHS = 10  # of the rows, by the distance of their last neighbor
EXPONENTS = torch.arange(1, 100, dtype=torch.float64) / 100  # between 0 and 1, as in the paper
BLOCK_ELEMENTS = 2**18  # of the sums' terms that are held at a time


class Clusterability(NamedTuple):
    """What eq. 4 of NEAT says about the vote of each row's neighbors, and what the vote gets wrong.

    Attributes:
        constant: C of the assumption that labels differ with probability C d^alpha at most, d the
            cosine distance; infinite where copies have different labels.
        exponent: its alpha, in 0.01..0.99.
        radius: (N,), float64, the cosine distance of each row's last neighbor.
        bound: (N,), float64, eq. 4 for each row.
        differing: (N,), int64, how many of the k neighbors have another label than the row.
        k: how many neighbors there are.
    """

    constant: float
    exponent: float
    radius: Tensor
    bound: Tensor
    differing: Tensor
    k: int

    @property
    def outvoted(self) -> Tensor:
        """Which rows have another label than most of their neighbors, bool (N,): the errors."""
        return 2 * self.differing > self.k

    @property
    def error(self) -> float:
        """The share of rows that are outvoted: what eq. 4 bounds."""
        return float(self.outvoted.double().mean())

    @property
    def unanimous_error(self) -> float:
        """The share of rows none of whose neighbors has their label: errors of the paper's rule."""
        return float((self.differing == self.k).double().mean())

    @property
    def held(self) -> float:
        """The share of rows, in tenths by their radius, among which no more err than eq. 4 says."""
        parts = self.radius.argsort(stable=True).tensor_split(TENTHS)
        holds = [len(p) * bool(self._errs(p) <= self.bound[p].mean()) for p in parts if len(p)]
        return sum(holds) / len(self.radius)

    def _errs(self, rows: Tensor) -> Tensor:
        return self.outvoted[rows].double().mean()


def clusterability(
    embeddings: Tensor, labels: Any, k: int = 10, *, noise: float = 0.0
) -> Clusterability:
    """How far NEAT's bound on the errors of neighbors' votes holds among rows with known labels.

    NEAT takes an item for known where its neighbors are. Its theorem assumes that two labels differ
    with probability C d^alpha at most at distance d, and bounds the errors of k neighbors' majority
    by C, alpha and the distance r of the last one (`vote_error_bound` at C r^alpha). Here C is the
    smallest that fits the rows: the largest share of different labels over d^alpha in twenty groups
    of pairs of like distance; alpha is the exponent for which C r^alpha is smallest on average.

    The bound multiplies probabilities, as if neighbors had their labels independently of each
    other. Where it does not hold although C and alpha fit, neighbors err together.

    Neighbors are exact; the row itself is none of its neighbors, its copies are. Memory beside the
    arguments grows with N k.

    Args:
        embeddings: (N, D), of labeled rows.
        labels: (N,), integers, the same for rows of one kind: 1 for known and 0 for unknown items,
            as the theorem has it; or classes.
        k: how many neighbors vote, 1..N-1; 10 is the paper's.
        noise: the share of wrong labels that the bound allows for; labels are compared as they are.

    Returns:
        `Clusterability`: `constant` and `exponent`; `radius`, `bound` and `differing` of each row;
        `error`, `held` and others that follow from these.

    Raises:
        ArrayError: embeddings that are not (N, D), or not finite; labels that are not one integer
            for each row; the message names the argument and the first bad row.
        ArgumentError: a `k` that is no integer in 1..N-1, or a `noise` that is no number in 0..1.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation"
    (NEAT), AAAI 2024, theorem 0.1 and eq. 4; how C and alpha are found is ours.

    >>> rows = torch.tensor([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2], [0.0, 1.0], [0.1, 1.0]])
    >>> found = clusterability(rows, [1, 1, 1, 0, 0], k=1)
    >>> found.constant, found.error, found.held
    (0.0, 0.0, 1.0)
    """
    k, noise = as_count(k, "k", minimum=1), as_number(noise, "noise", minimum=0, maximum=1)
    embeddings = as_tensor(embeddings, "embeddings")
    largest_size(embeddings, "embeddings")  # refuses what is no (N, D) by this name
    kinds = as_labels(labels, "labels", embeddings)
    if k >= len(kinds):
        raise ArgumentError(f"k must be below the {len(kinds)} rows, got {k}.")
    distance, neighbors = _others(embeddings, k)
    differs = kinds[neighbors] != kinds[:, None]  # [N, k]
    constant, exponent = _fit(distance, differs)
    bound = vote_error_bound(_apart(distance[:, -1], constant, exponent), k, noise)
    return Clusterability(constant, exponent, distance[:, -1], bound, differs.sum(dim=1), k)


def vote_error_bound(probs: Tensor, k: int, noise: float = 0.0) -> Tensor:
    """The bound on the probability that most of k neighbors vote for a wrong label (NEAT, eq. 4).

    The sum over n, the neighbors with a wrong label, of their binomial probability times q^n where
    they are the majority, and times q^(k - n) where the others are; an even split is no error.
    Without noise it is q^k: all neighbors have another label than the row.

    Args:
        probs: (N,) in [0, 1]: q, the largest probability that a row and a neighbor have different
            labels, C r^alpha.
        k: how many neighbors vote, at least 1.
        noise: the share of wrong labels, in [0, 1].

    Returns:
        (N,) in [0, 1], float64.

    Raises:
        ArrayError: probs that are not (N,), not finite, or outside of [0, 1]; the message names the
            first bad row.
        ArgumentError: a `k` that is no integer of at least 1, or a `noise` that is no number in
            0..1.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation"
    (NEAT), AAAI 2024, theorem 0.1 and eq. 4.

    >>> vote_error_bound(torch.tensor([0.3, 0.7]), k=10, noise=0.05)
    tensor([1.7631e-05, 3.4908e-02], dtype=torch.float64)
    """
    k, noise = as_count(k, "k", minimum=1), as_number(noise, "noise", minimum=0, maximum=1)
    q = as_finite(probs, "probs", ndim=1).double()
    outside = ((q < 0) | (q > 1)).nonzero()
    if len(outside):
        row = int(outside[0])
        raise ArrayError(f"probs[{row}] is {float(q[row]):g}; it must be in 0..1.")
    wrong = torch.arange(k + 1, dtype=torch.float64, device=q.device)
    weights = _binomial(wrong, k, noise)
    majority = torch.maximum(wrong, k - wrong)  # of wrong or of right labels
    weights[2 * wrong == k] = 0
    bound = torch.empty_like(q)
    for rows in runs(len(q), max(1, BLOCK_ELEMENTS // (k + 1))):
        bound[rows] = q[rows, None].pow(majority) @ weights
    return bound.clamp(0, 1)


def _binomial(wrong: Tensor, k: int, noise: float) -> Tensor:
    """The probability that so many of k labels are wrong [k + 1]."""
    e, right = wrong.new_tensor(noise), k - wrong
    ways = wrong.new_tensor(k + 1.0).lgamma() - (wrong + 1).lgamma() - (right + 1).lgamma()
    return (ways + wrong.xlogy(e) + right.xlogy(1 - e)).exp()


def _others(embeddings: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The cosine distances float64 [N, k] and the rows [N, k] of each row's nearest others."""
    near = knn(embeddings, embeddings, k + 1)
    own = torch.arange(len(near.indices), device=near.indices.device)
    other = near.indices != own[:, None]
    other[:, -1] &= ~other.all(dim=1)  # among many copies a row may not find itself
    distance = (1 - near.similarity[other].double()).clamp_min(0)
    return distance.view(-1, k), near.indices[other].view(-1, k)


def _fit(distance: Tensor, differs: Tensor) -> tuple[float, float]:
    """C and alpha: the curve C d^alpha above all groups that is lowest at the rows' radii."""
    order = distance.flatten().argsort(stable=True)
    parts = [part for part in order.tensor_split(GROUPS) if len(part)]
    d = torch.stack([distance.flatten()[part].mean() for part in parts])
    share = torch.stack([differs.flatten()[part].double().mean() for part in parts])
    some, radius = share > 0, distance[:, -1]
    if not some.any():
        return 0.0, float(EXPONENTS[0])
    fits = [((share / d**a)[some].max().item(), a) for a in EXPONENTS.tolist()]
    return min(fits, key=lambda fit: float(_apart(radius, *fit).mean()))


def _apart(distance: Tensor, constant: float, exponent: float) -> Tensor:
    """The largest probability of different labels at a distance, C d^alpha, at most 1."""
    return (constant * distance**exponent).nan_to_num(nan=1.0).clamp(max=1)
