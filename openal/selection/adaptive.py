"""A stage that keeps more where the answers are known, and fewer where they are not."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from openal.checks import as_number
from openal.errors import ArgumentError
from openal.query import Step
from openal.selection.past_precision import past_precisions
from openal.view import Round, View

__all__ = ["Adaptive"]


@dataclass(frozen=True)
class Adaptive:
    """A stage with a `factor` that follows the precision of the rounds so far.

    From the stage's own, the factor rises by 1 after each round whose answers are known more often
    than `target` + `tolerance`, and falls by 1, not below 1, after each that are known less often
    than `target` - `tolerance`: the purity is spent on choice where there is enough of it. The
    rounds of `labeled.history` are replayed, so nothing is kept between queries. SKIPPED and
    pending items do not count, and a first round without scores is no query, but a start.

    The query's diagnostics hold the `factor`.

    Reference: Zong and Huang (EAOA), CVPR 2025, with a target of 0.6 and a tolerance of 0.05.
    """

    stage: Any
    target: float = 0.6
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        found = fields(self.stage) if is_dataclass(self.stage) else ()
        if isinstance(self.stage, type) or not any(each.name == "factor" for each in found):
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
