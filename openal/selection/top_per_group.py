"""TopPerGroup (CCAL, EOAL, EAOA): the best of every group of candidates, in turns."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import torch
from torch import Tensor

from openal._checks import as_number
from openal.errors import ScoreError
from openal.parts import Part, as_function, as_score
from openal.step import Step, best_rows, evaluate
from openal.view import Score, View

__all__ = ["Groups", "TopPerGroup", "in_passes", "places_in_groups"]


def in_passes(groups: Tensor, scores: Tensor, ranks: Tensor) -> Tensor:
    """All rows [n]: in every pass each group that still has one gives its best by score.

    `groups` [n] are 0..C-1, and `ranks` [C] say which group comes first in a pass: the least.
    Equal scores keep the order of the rows.
    """
    order = scores.argsort(descending=True, stable=True)
    order = order[groups[order].argsort(stable=True)]
    order = order[ranks[groups[order]].argsort(stable=True)]
    return order[places_in_groups(groups[order]).argsort(stable=True)]


def places_in_groups(groups: Tensor) -> Tensor:
    """The place 0, 1, ... of each row [n] among the rows of its own group, int64."""
    order = groups.argsort(stable=True)
    ordered = groups[order]
    first = torch.searchsorted(ordered, ordered)
    place = torch.arange(len(order), device=order.device) - first
    return torch.empty_like(order).scatter_(0, order, place)


Groups = Callable[[View], Tensor]
"""Gives the group of every candidate, int64 [n]; with `at_most(budget)` there are no more."""


@dataclass(frozen=True)
class TopPerGroup(Part):
    """Keeps the best of every group alike: `factor` times the budget over the number of groups.

    Each group gives as many, rounded down and at least one, or all that it has. Where that is
    fewer than the budget, each gives as many again, until the budget is reached; in the last pass
    the best go first.

    Args:
        score: the score that ranks.
        groups: a function of a view that gives the group of every candidate, int64 [n]; with a
            method `at_most`, such as that of `Clusters`, no more groups than the budget.
        factor: how many times the budget is kept, at least 1.

    Raises:
        ArgumentError: a `score` that is no score, a `factor` below 1, `groups` that are no function
            of a view.
        ScoreError: in a query, groups that are no integers [n].
    """

    score: Score
    _: KW_ONLY
    groups: Groups
    factor: float = 1.0

    def __post_init__(self) -> None:
        as_score(self.score)
        super().__post_init__()
        as_number(self.factor, "factor", minimum=1)
        as_function(self.groups, "groups")

    @property
    def narrows_to_budget(self) -> bool:
        """Whether a stage that follows has nothing to choose."""
        return self.factor == 1

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
        group = (groups.at_most(budget) if hasattr(groups, "at_most") else groups)(view)
        if not isinstance(group, Tensor) or group.shape != (len(view.pool),):
            raise ScoreError(f"{groups!r} must return a tensor [{len(view.pool)}], got {group!r}.")
        if group.is_floating_point() or group.is_complex():
            raise ScoreError(f"{groups!r} must return integers, got {group.dtype}.")
        return group
