"""Keeps the best of every group of candidates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from openal.checks import as_number
from openal.errors import ArgumentError, ScoreError
from openal.query import Step, as_score, best_rows, evaluate
from openal.selection.passes import places_in_groups
from openal.view import Score, View, reads

__all__ = ["Groups", "PredictedClass", "TopPerGroup"]

Groups = Callable[[View], Tensor]
"""Gives the group of every candidate, int64 [n]; with `at_most(budget)` there are no more."""


@dataclass(frozen=True)
class PredictedClass:
    """Groups: the class with the largest logit; equal logits count for the lowest class."""

    logits: str = reads("logits")

    def __call__(self, view: View) -> Tensor:
        """The predicted classes, int64 [n]."""
        return view.map(_largest, self.logits)


@dataclass(frozen=True)
class TopPerGroup:
    """Keeps the best of every group alike: `factor` times the budget over the number of groups.

    Each group gives as many, rounded down and at least one, or all that it has. Where that is
    fewer than the budget, each gives as many again, until the budget is reached; in the last pass
    the best go first.
    """

    score: Score
    groups: Groups
    factor: float = 1.0

    def __post_init__(self) -> None:
        as_score(self.score)
        as_number(self.factor, "factor", minimum=1)
        if not callable(self.groups) or isinstance(self.groups, type):
            raise ArgumentError(f"groups must be a function of a view, got {self.groups!r}.")

    def __call__(self, view: View, budget: int) -> Step:
        """The best candidates of all groups, best first."""
        budget = min(budget, len(view.pool))
        scores, group = evaluate(self.score, view), self._groups(view, budget)
        best = torch.from_numpy(best_rows(scores, len(scores))).to(group.device)
        share = max(1, int(self.factor * budget) // len(group.unique()))
        turn = places_in_groups(group[best]) // share
        count = max(budget, int((turn == 0).sum()))
        kept = turn.argsort(stable=True)[:count].sort().values
        return Step(self, view.pool.indices, best[kept].cpu().numpy(), scores)

    def _groups(self, view: View, budget: int) -> Tensor:
        groups: Any = self.groups
        found = (groups.at_most(budget) if hasattr(groups, "at_most") else groups)(view)
        if not isinstance(found, Tensor) or found.shape != (len(view.pool),):
            raise ScoreError(f"{groups!r} must return a tensor [{len(view.pool)}], got {found!r}.")
        if found.is_floating_point() or found.is_complex():
            raise ScoreError(f"{groups!r} must return integers, got {found.dtype}.")
        return found


def _largest(logits: Tensor) -> Tensor:
    return logits.argmax(dim=1)
