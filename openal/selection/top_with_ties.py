"""Keeps the candidates that score best, and all that score as well as the last of them."""

from dataclasses import dataclass

from openal.query import Step, as_score, best_rows, evaluate
from openal.view import Score, View

__all__ = ["TopWithTies"]


@dataclass(frozen=True)
class TopWithTies:
    """Keeps as many of the best as the budget, and every other that scores like the last of them.

    For scores in steps, before a stage that chooses among equals.
    """

    score: Score

    def __post_init__(self) -> None:
        as_score(self.score)

    def __call__(self, view: View, budget: int) -> Step:
        """The best candidates and their equals, best first."""
        scores = evaluate(self.score, view)
        best = best_rows(scores, len(scores))
        ordered = scores.cpu().numpy()[best]
        last = ordered[min(budget, len(best)) - 1]
        return Step(self, view.pool.indices, best[ordered >= last], scores)
