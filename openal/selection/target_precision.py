"""Keeps as many candidates as still promise a certain precision."""

from dataclasses import dataclass

import torch

from openal.checks import as_number
from openal.functional.candidate_length import candidate_length
from openal.query import Step, as_score, best_rows, evaluate
from openal.selection.past_precision import past_precisions
from openal.view import Score, View

__all__ = ["TargetPrecision"]


@dataclass(frozen=True)
class TargetPrecision:
    """The purest candidates, as many as let the most informative of them be known often enough.

    `score` is the probability that a candidate is known, and `then` the score by which the next
    stage chooses the budget. The longest list is kept whose chosen candidates are expected to be
    known at the rate `precision`: purity is spent on choice where there is enough of it.

    What past queries missed of the precision is added to the target, and what they had more is
    taken off; the sum stays in [0, 1] after every round, so that a long time of plenty is not
    paid for later. The rounds of `labeled.history` are replayed: nothing is kept in between.

    The query's diagnostics hold the `target_precision` of this round.

    Reference: E2OAL, arXiv 2603.07898; the bounds of the sum are ours.
    """

    score: Score
    then: Score
    precision: float = 0.6

    def __post_init__(self) -> None:
        as_score(self.score)
        as_score(self.then, "then")
        as_number(self.precision, "precision", minimum=0, maximum=1)

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates of the list, purest first."""
        known, informativeness = (evaluate(each, view).cpu() for each in (self.score, self.then))
        order = best_rows(known, len(known))
        rows = torch.from_numpy(order)
        view.notes["target_precision"] = target = self._target(view)
        length = candidate_length(
            known[rows], informativeness[rows], min(budget, len(rows)), target
        )
        return Step(self, view.pool.indices, order[:length], known)

    def _target(self, view: View) -> float:
        target = self.precision
        for observed in past_precisions(view.history):
            target = min(1.0, max(0.0, target + self.precision - observed))
        return target
