"""Keeps the candidates that score best."""

from dataclasses import dataclass
from math import ceil

from openal.checks import as_number
from openal.query import Step, as_score, best_rows, evaluate
from openal.view import Score, View

__all__ = ["Top"]


@dataclass(frozen=True)
class Top:
    """Keeps the best `factor` times the budget: 1 to choose, more to hand on to another stage."""

    score: Score
    factor: float = 1.0

    def __post_init__(self) -> None:
        as_score(self.score)
        as_number(self.factor, "factor", minimum=1)

    def __call__(self, view: View, budget: int) -> Step:
        """The best candidates, best first."""
        scores = evaluate(self.score, view)
        count = min(ceil(self.factor * min(budget, len(scores))), len(scores))
        return Step(self, view.pool.indices, best_rows(scores, count), scores)
