"""Adaptive (EAOA), TargetPrecision (E2OAL): how many are kept, by how often answers were known."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, fields, is_dataclass, replace
from typing import Any

import torch

from openal._checks import as_number
from openal.errors import ArgumentError
from openal.functional.known_share import candidate_length
from openal.labeled import UNKNOWN
from openal.parts import Part, as_score
from openal.step import Step, best_rows, evaluate
from openal.view import Round, Score, View

__all__ = ["Adaptive", "TargetPrecision", "past_precisions"]


def past_precisions(history: Iterable[Round]) -> list[float]:
    """The share of known among the answers of each query, oldest first.

    SKIPPED and pending items do not count. A round without an answer is left out, and so are
    answers that no round had asked for, and a first round without scores: no query, but a start.
    """
    precisions = []
    for number, asked in enumerate(history):
        known, unknown = (asked.labels >= 0).sum(), (asked.labels == UNKNOWN).sum()
        start = not asked.begun or (number == 0 and asked.scores is None)
        if known + unknown and not start:
            precisions.append(float(known / (known + unknown)))
    return precisions


@dataclass(frozen=True)
class Adaptive(Part):
    """A stage with a `factor` that follows the precision of the rounds so far.

    From the stage's own, the factor rises by 1 after each round whose answers are known more often
    than `target` + `tolerance`, and falls by 1, not below 1, after each that are known less often
    than `target` - `tolerance`: the purity is spent on choice where there is enough of it. The
    rounds of `labeled.history` are replayed, so nothing is kept between queries. SKIPPED and
    pending items do not count, and a first round without scores is no query, but a start; nor are
    answers that no round had asked for: `labeled.begin_round(query)` makes a query a round.

    The query's diagnostics hold the `factor`.

    Args:
        stage: a stage with a field `factor`, such as `Top` or `TopPerGroup`.
        target: the share of known answers aimed at, at least 0; 0.6, as in the authors' code.
        tolerance: how far the share may be off, at least 0; 0.05, as in the authors' code.

    Raises:
        ArgumentError: a `stage` without a factor, a `target` or `tolerance` below 0.

    Reference: Zong and Huang (EAOA), CVPR 2025.
    """

    cites = ("zong2025rethinking",)

    stage: Any
    _: KW_ONLY
    target: float = 0.6
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        options = fields(self.stage) if is_dataclass(self.stage) else ()
        if isinstance(self.stage, type) or not any(option.name == "factor" for option in options):
            raise ArgumentError(f"stage must have a factor, as Top has; got {self.stage!r}.")
        as_number(self.target, "target", minimum=0)
        as_number(self.tolerance, "tolerance", minimum=0)

    def __call__(self, view: View, budget: int) -> Step:
        """What the stage keeps with the factor of this round."""
        factor = self._factor(view.history)
        view.notes["factor"] = factor
        step: Step = replace(self.stage, factor=factor)(view, budget)
        return step

    def _factor(self, history: Iterable[Round]) -> float:
        factor = float(self.stage.factor)
        for precision in past_precisions(history):
            if precision > self.target + self.tolerance:
                factor += 1
            elif precision < self.target - self.tolerance:
                factor = max(1.0, factor - 1)
        return factor


@dataclass(frozen=True)
class TargetPrecision(Part):
    """The purest candidates, as many as let the most informative of them be known often enough.

    The longest list is kept of which those that the next stage will choose are expected to be
    known at the rate `precision`: purity is spent on choice where there is enough of it. What past
    queries missed of the precision is added to the target, and what they had more is taken off;
    the sum stays in [0, 1] after every round, so that a long time of plenty is not paid for later.
    The rounds of `labeled.history` are replayed: nothing is kept in between.

    The query's diagnostics hold the `target_precision` of this round.

    Args:
        score: the probability that a candidate is known.
        then: the score by which the next stage chooses the budget.
        precision: the share of known answers aimed at, 0 to 1; 0.6, as in the authors' code.

    Raises:
        ArgumentError: a `score` or `then` that is no score, a `precision` outside of [0, 1].

    Reference: E2OAL, arXiv 2603.07898; the bounds of the sum are ours.
    """

    cites = ("zong2026revisiting",)

    score: Score
    _: KW_ONLY
    then: Score
    precision: float = 0.6

    def __post_init__(self) -> None:
        as_score(self.score)
        as_score(self.then, "then")
        super().__post_init__()
        as_number(self.precision, "precision", minimum=0, maximum=1)

    def __call__(self, view: View, budget: int) -> Step:
        """The candidates of the list, purest first."""
        known, informativeness = (evaluate(score, view).cpu() for score in (self.score, self.then))
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
