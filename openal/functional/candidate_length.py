"""How many candidates may one choose among and still expect a certain precision?"""

from heapq import heapify, heapreplace

from torch import Tensor

from openal.checks import as_count, as_number
from openal.errors import ArrayError

__all__ = ["candidate_length"]


def candidate_length(known: Tensor, informativeness: Tensor, budget: int, precision: float) -> int:
    """The largest number of first rows whose `budget` most informative are known often enough.

    From two (N,), rows in order of purity, `known` the probability that each is known: the largest
    n from `budget` to N such that the best `budget` of the first n by `informativeness`, equal
    ones in order, have at least `precision` as their mean of `known`; else `budget`. O(N log b).

    >>> import torch
    >>> known = torch.tensor([1.0, 1.0, 0.5, 0.0])
    >>> candidate_length(known, torch.tensor([0.1, 0.2, 0.3, 0.4]), 2, 0.75)
    3
    """
    count = as_count(budget, "budget", minimum=1)
    as_number(precision, "precision")
    if known.ndim != 1 or known.shape != informativeness.shape:
        shapes = f"{tuple(known.shape)} and {tuple(informativeness.shape)}"
        raise ArrayError(f"known and informativeness must be (N,), got {shapes}.")
    count = min(count, len(known))
    shares, values = known.double().tolist(), informativeness.double().tolist()
    best = [(value, -row) for row, value in enumerate(values[:count])]
    heapify(best)
    total, length = sum(shares[:count]), count
    enough = precision * count - 1e-9
    for row in range(count, len(shares)):
        if values[row] > best[0][0]:
            _, left = heapreplace(best, (values[row], -row))
            total += shares[row] - shares[-left]
        if total >= enough:
            length = row + 1
    return length
