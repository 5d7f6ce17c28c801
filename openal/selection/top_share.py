"""Keeps a share of the candidates."""

from dataclasses import dataclass
from math import ceil

from openal.checks import as_number
from openal.query import Step, as_score, best_rows, evaluate
from openal.view import Score, View

__all__ = ["TopShare"]


@dataclass(frozen=True)
class TopShare:
    """Keeps the best `share` of the candidates, and never fewer than the budget."""

    score: Score
    share: float = 0.1

    def __post_init__(self) -> None:
        as_score(self.score)
        as_number(self.share, "share", above=0, maximum=1)

    def __call__(self, view: View, budget: int) -> Step:
        """The best candidates, best first."""
        scores = evaluate(self.score, view)
        count = max(ceil(self.share * len(scores)), min(budget, len(scores)))
        return Step(self, view.pool.indices, best_rows(scores, count), scores)
