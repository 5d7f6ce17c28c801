"""The cost of a known answer: money or seconds per answer that names a known class."""

from dataclasses import dataclass

import numpy as np

from openal._checks import as_number
from openal.stopping._counts import Rounds, answer_counts

__all__ = ["Cost", "cost_per_correct"]


@dataclass(frozen=True)
class Cost:
    """What was spent for how many known answers, in each of R rounds.

    Attributes:
        spent: R amounts, in your money or seconds.
        known: R numbers of answers that name a known class.
    """

    spent: tuple[float, ...]
    known: tuple[int, ...]

    @property
    def per_round(self) -> tuple[float, ...]:
        """The cost of a known answer in each round; see `overall` for rounds without one."""
        return tuple(map(_per_known, self.spent, self.known))

    @property
    def overall(self) -> float:
        """The cost of a known answer in all; infinite if there is none, 0 if nothing was spent."""
        return _per_known(sum(self.spent), sum(self.known))


def cost_per_correct(
    rounds: Rounds,
    *,
    cost_known: float = 1.0,
    cost_unknown: float = 1.0,
    cost_skipped: float = 1.0,
) -> Cost:
    """The money or seconds spent per correct answer: one that names a known class.

    All rounds count, also the first answers and those of rounds that are still open; what is
    pending costs nothing yet. Whether a class was named rightly is not to be seen from the answers.
    With the default costs it is the number of answers per known one, which is
    1 / `query_precision`.

    Args:
        rounds: a labeled set, its history, or the labels [b] of each round.
        cost_known: the cost of an answer that names a known class, at least 0.
        cost_unknown: the cost of an answer UNKNOWN.
        cost_skipped: the cost of an answer SKIPPED.

    Raises:
        ArgumentError: a cost is no number of at least 0, or `rounds` are no rounds.

    >>> cost = cost_per_correct([[0, 1, -1], [1, -1, -1, -2]], cost_known=6, cost_unknown=3)
    >>> cost.per_round, cost.overall
    ((7.5, 13.0), 9.333333333333334)
    """
    costs = {"cost_known": cost_known, "cost_unknown": cost_unknown, "cost_skipped": cost_skipped}
    prices = [as_number(value, name, minimum=0) for name, value in costs.items()]
    counts = answer_counts(rounds)
    return Cost(tuple((counts @ np.array(prices)).tolist()), tuple(counts[:, 0].tolist()))


def _per_known(spent: float, known: int) -> float:
    if known:
        return spent / known
    return float("inf") if spent else 0.0
