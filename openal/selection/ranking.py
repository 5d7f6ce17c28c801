"""Stages that rank by one score: the best, a share, those above a threshold, ties included."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from openal._checks import as_number
from openal.query import Step, as_score, best_rows, evaluate
from openal.view import Score, View

__all__ = ["Filter", "Note", "Top", "TopShare", "TopWithTies"]


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


@dataclass(frozen=True)
class Note:
    """Keeps every candidate where it stands, and notes its score.

    The query then tells the score as its `purity` or `informativeness`, and the labeled set
    remembers it with the round.
    """

    score: Score

    def __post_init__(self) -> None:
        as_score(self.score)

    def __call__(self, view: View, budget: int) -> Step:
        """All candidates, in the order they came in."""
        scores = evaluate(self.score, view)
        return Step(self, view.pool.indices, np.arange(len(scores)), scores)


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
