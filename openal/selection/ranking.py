"""Top, TopShare, TopWithTies, Filter, Note: stages that rank by one score."""

from dataclasses import KW_ONLY, dataclass, replace
from math import ceil, inf
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_number
from openal._folds import folds_of
from openal.errors import ArgumentError
from openal.functional import youden_threshold
from openal.parts import Part, as_score
from openal.step import Step, best_rows, evaluate
from openal.view import Score, View

__all__ = ["Filter", "Note", "Top", "TopShare", "TopWithTies"]


@dataclass(frozen=True)
class Top(Part):
    """Keeps the best `factor` times the budget: 1 to choose, more to hand on to another stage.

    Args:
        score: the score that ranks; ties keep the order of the stages before.
        factor: how many times the budget is kept, rounded up, at least 1.

    Raises:
        ArgumentError: a `score` that is no score, a `factor` below 1.
    """

    score: Score
    _: KW_ONLY
    factor: float = 1.0

    def __post_init__(self) -> None:
        as_score(self.score)
        super().__post_init__()
        as_number(self.factor, "factor", minimum=1)

    @property
    def narrows_to_budget(self) -> bool:
        """Whether a stage that follows has nothing to choose."""
        return self.factor == 1

    def __call__(self, view: View, budget: int) -> Step:
        """The best candidates, best first."""
        scores = evaluate(self.score, view)
        count = min(ceil(self.factor * min(budget, len(scores))), len(scores))
        return Step(self, view.pool.indices, best_rows(scores, count), scores)


@dataclass(frozen=True)
class TopWithTies(Part):
    """Keeps as many of the best as the budget, and every other that scores like the last of them.

    For scores in steps, before a stage that chooses among equals.

    Args:
        score: the score that ranks.

    Raises:
        ArgumentError: a `score` that is no score.
    """

    score: Score

    def __post_init__(self) -> None:
        as_score(self.score)
        super().__post_init__()

    def __call__(self, view: View, budget: int) -> Step:
        """The best candidates and their equals, best first."""
        scores = evaluate(self.score, view)
        best = best_rows(scores, len(scores))
        ordered = scores.cpu().numpy()[best]
        last = ordered[min(budget, len(best)) - 1]
        return Step(self, view.pool.indices, best[ordered >= last], scores)


@dataclass(frozen=True)
class Filter(Part):
    """Keeps the candidates that score above a threshold, and never fewer than the budget.

    Where fewer pass, the next best by the same score fill up; the step counts them. A learned
    threshold is in the query's diagnostics as `above`.

    Args:
        score: the score that is held against the threshold.
        above: a number; None: the threshold that the score declares as `known_above`, 0.5 of a
            probability; or "youden", which learns it from the answers.
        cold_factor: how many times the budget is kept at least, rounded up, before there is both a
            known and an UNKNOWN answer, at least 1: a stage that follows can then choose where no
            candidate passes yet.

    "youden" takes the threshold with the largest sum of the share of known answers above it and
    of UNKNOWN answers not above it (Youden's J). Each answered item is scored as a candidate, by
    what the other answers teach, in five parts; a network that was trained on all of them has
    seen it all the same. Before there is both a known and an unknown answer every candidate passes.

    Raises:
        ArgumentError: a `score` that is no score, or that declares no threshold where `above` is
            not given; an `above` that is no finite number; a `cold_factor` below 1.

    Reference: Youden, "Index for Rating Diagnostic Tests", Cancer 1950.
    """

    score: Score
    _: KW_ONLY
    above: float | Literal["youden"] | None = None
    cold_factor: float = 1.0

    def __post_init__(self) -> None:
        as_score(self.score)
        super().__post_init__()
        if self.above is None:
            object.__setattr__(self, "above", _declared_threshold(self.score))
        if self.above != "youden":
            as_number(self.above, "above")
        as_number(self.cold_factor, "cold_factor", minimum=1)

    @property
    def cites(self) -> tuple[str, ...]:
        """Youden, where the answers set the threshold."""
        return ("youden1950index",) if self.above == "youden" else ()

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates that pass, best first."""
        scores = evaluate(self.score, view)
        passed, asked = int((scores > self._threshold(view)).sum()), min(budget, len(scores))
        cold = len(view.known) == 0 or len(view.invalid) == 0
        least = ceil(self.cold_factor * asked) if cold else asked
        rows = best_rows(scores, max(passed, min(least, len(scores))))
        return Step(self, view.pool.indices, rows, scores, n_filled=max(0, asked - passed))

    def _threshold(self, view: View) -> float:
        if self.above is not None and self.above != "youden":
            return self.above
        if len(view.known) == 0 or len(view.invalid) == 0:
            return -inf
        view.notes["above"] = above = youden_threshold(*_answered_scores(self.score, view))
        return above


def _declared_threshold(score: Score) -> float:
    """The threshold of a score that declares one; else an ArgumentError."""
    declared: float | None = getattr(score, "known_above", None)
    if declared is None:
        raise ArgumentError(
            f"above must be given: {score!r} declares no threshold of its own. Give "
            f'Filter(..., above=a number), or above="youden" to learn it from the answers.'
        )
    return declared


def _answered_scores(score: Score, view: View) -> tuple[Tensor, Tensor]:
    """The scores [m] of the answered items, each by the other answers, and which are known [m]."""
    indices = np.concatenate([view.known.indices, view.invalid.indices])
    is_known = np.arange(len(indices)) < len(view.known)
    fold = folds_of(len(view.known), len(view.invalid))
    scores = torch.zeros(len(indices), dtype=torch.float64, device="cpu")
    for number in np.unique(fold):
        apart = fold == number
        known, unknown = ~apart[is_known], ~apart[~is_known]
        inner = replace(
            view,
            pool=replace(view.pool, indices=indices[apart]),
            known=replace(view.known, indices=view.known.indices[known]),
            invalid=replace(view.invalid, indices=view.invalid.indices[unknown]),
            labels=view.labels[torch.from_numpy(known)],
            notes={},
            _memo={},
        )
        scores[torch.from_numpy(apart)] = evaluate(score, inner).double().cpu()
    return scores, torch.from_numpy(is_known)


@dataclass(frozen=True)
class Note(Part):
    """Keeps every candidate where it stands, and notes its score.

    The query then tells the score as its `purity` or `informativeness`, and the labeled set
    remembers it with the round.

    Args:
        score: the score that is noted.

    Raises:
        ArgumentError: a `score` that is no score.
    """

    keeps_all: ClassVar[bool] = True

    score: Score

    def __post_init__(self) -> None:
        as_score(self.score)
        super().__post_init__()

    def __call__(self, view: View, budget: int) -> Step:
        """All candidates, in the order they came in."""
        scores = evaluate(self.score, view)
        return Step(self, view.pool.indices, np.arange(len(scores)), scores)


@dataclass(frozen=True)
class TopShare(Part):
    """Keeps the best `share` of the candidates, and never fewer than the budget.

    Args:
        score: the score that ranks.
        share: the share that is kept, rounded up, above 0, at most 1; 0.1, as in the code of
            OpenPathology's authors.

    Raises:
        ArgumentError: a `score` that is no score, a `share` outside of (0, 1].
    """

    score: Score
    _: KW_ONLY
    share: float = 0.1

    def __post_init__(self) -> None:
        as_score(self.score)
        super().__post_init__()
        as_number(self.share, "share", above=0, maximum=1)

    def __call__(self, view: View, budget: int) -> Step:
        """The best candidates, best first."""
        scores = evaluate(self.score, view)
        count = max(ceil(self.share * len(scores)), min(budget, len(scores)))
        return Step(self, view.pool.indices, best_rows(scores, count), scores)
