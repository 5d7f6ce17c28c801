"""Scores the candidates and keeps them all."""

from dataclasses import dataclass

import numpy as np

from openal.query import Step, as_score, evaluate
from openal.view import Score, View

__all__ = ["Note"]


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
