"""Quota (PAL): a fixed share of the budget goes to candidates that another score ranks."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from openal._checks import as_number
from openal.parts import Part, as_score
from openal.step import Step, best_rows, evaluate
from openal.view import Score, View

__all__ = ["Quota"]


@dataclass(frozen=True)
class Quota(Part):
    """Spends a share of the budget on the best by `other`, and the rest on the best by `score`.

    The share is rounded to whole candidates, and chosen first: none is there twice. Two scores
    rank the query, so its step shows none, unless each is the same for all, as before any answer;
    what is best by `score` stands first.

    PAL keeps a few candidates that are predicted unknown on purpose, so that the detector keeps
    learning; any detector can.

    Args:
        score: the score of the larger part.
        other: the score of the share.
        share: the share of the budget for `other`, 0 to 1; 1/30, PAL's 50 of 1500.
        first_share: the share instead, 0 to 1, as long as nobody has answered UNKNOWN; None: none
            of its own.

    Raises:
        ArgumentError: a `score` or `other` that is no score, a share outside of [0, 1].

    Reference: Yang et al., "Not All Out-of-Distribution Data Are Harmful to Open-Set Active
    Learning" (PAL), NeurIPS 2023.
    """

    cites = ("yang2023not",)

    narrows_to_budget: ClassVar[bool] = True

    score: Score
    _: KW_ONLY
    other: Score
    share: float = 1 / 30
    first_share: float | None = None

    def __post_init__(self) -> None:
        as_score(self.score)
        as_score(self.other, "other")
        super().__post_init__()
        as_number(self.share, "share", minimum=0, maximum=1)
        if self.first_share is not None:
            as_number(self.first_share, "first_share", minimum=0, maximum=1)

    def __call__(self, view: View, budget: int) -> Step:
        """The best by `score`, then those by `other`."""
        n = len(view.pool)
        budget = min(budget, n)
        share = self.share if self.first_share is None or len(view.invalid) else self.first_share
        others, scores = evaluate(self.other, view), evaluate(self.score, view)
        set_aside, best = best_rows(others, round(share * budget)), best_rows(scores, n)
        rest = best[~np.isin(best, set_aside)][: budget - len(set_aside)]
        # Shown, so that a cold start is seen and drawn, instead of left in the order of the file.
        equal = bool((others == others[0]).all() and (scores == scores[0]).all())
        shown = scores if equal else None
        return Step(self, view.pool.indices, np.concatenate([rest, set_aside]), shown)
