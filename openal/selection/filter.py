"""Keeps every candidate whose score passes a threshold."""

from dataclasses import dataclass

from openal.checks import as_number
from openal.query import Step, as_score, best_rows, evaluate
from openal.view import Score, View

__all__ = ["Filter"]


@dataclass(frozen=True)
class Filter:
    """Keeps the candidates that score above a threshold, and never fewer than the budget.

    Where fewer pass, the next best by the same score fill up; the step counts them.
    """

    score: Score
    above: float = 0.5

    def __post_init__(self) -> None:
        as_score(self.score)
        as_number(self.above, "above")

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates that pass, best first."""
        scores = evaluate(self.score, view)
        passed = int((scores > self.above).sum())
        count = max(passed, min(budget, len(scores)))
        rows = best_rows(scores, count)
        return Step(self, view.pool.indices, rows, scores, n_filled=count - passed)
