"""ParetoSubset (POAL): a subset that no other surpasses in two scores at once."""

from dataclasses import KW_ONLY, dataclass
from math import ceil
from typing import ClassVar

import torch
from torch import Tensor

from openal._checks import as_count, as_number
from openal.functional.pareto import pareto_layers, pareto_subset
from openal.functional.scaling import unit_range
from openal.parts import Part, as_score
from openal.step import Step, best_rows, evaluate
from openal.view import Score, View

__all__ = ["ParetoSubset"]


@dataclass(frozen=True)
class ParetoSubset(Part):
    """Chooses for the budget what no other choice seen surpasses in the sums of both scores.

    One choice surpasses another where neither sum of the two scores is smaller and one is larger:
    there is no weight to set. Only whole Pareto layers of single candidates take part; among these,
    subsets are drawn at random. Of those that none surpasses the choice nearest to the best of both
    is taken. Where there are no more than 10 000 subsets, all are compared. With a large budget
    random subsets differ little, and the layers decide.

    The step scores a candidate by the mean of both scores, each from 0 to 1, and lists the chosen
    in this order.

    Args:
        first: a score.
        second: a score.
        factor: how many times the budget the layers hold at least, at least 1; 2, ours.
        draws: how many subsets are drawn at most, at least 1; 10 000, ours.
        patience: after how many draws in a row without anything new the search ends, at least 1;
            2000, ours.

    Raises:
        ArgumentError: a `first` or `second` that is no score, a `factor`, `draws` or `patience`
            below 1.

    Reference: Zhan et al., "Pareto Optimization for Active Learning under Out-of-Distribution
    Data Scenarios", TMLR 2023 (POAL), which has the search, the layers and the early stop; their
    sizes, and which choice of the front is taken, are ours.
    """

    cites = ("zhan2023pareto",)

    narrows_to_budget: ClassVar[bool] = True

    first: Score
    _: KW_ONLY
    second: Score
    factor: float = 2.0
    draws: int = 10_000
    patience: int = 2_000

    def __post_init__(self) -> None:
        as_score(self.first, "first")
        as_score(self.second, "second")
        super().__post_init__()
        as_number(self.factor, "factor", minimum=1)
        as_count(self.draws, "draws", minimum=1)
        as_count(self.patience, "patience", minimum=1)

    def __call__(self, view: View, budget: int) -> Step:
        """The chosen candidates, best first."""
        scores = (evaluate(self.first, view), evaluate(self.second, view))
        values = torch.stack([_relative(score.double().cpu()) for score in scores], dim=1)
        budget = min(budget, len(values))
        eligible = pareto_layers(values, min(len(values), ceil(self.factor * budget)))
        chosen = eligible[
            pareto_subset(
                values[eligible],
                budget,
                generator=view.generator(),
                draws=self.draws,
                patience=self.patience,
            )
        ]
        mean = values.mean(dim=1)
        order = best_rows(mean[chosen], len(chosen))
        return Step(self, view.pool.indices, chosen.numpy()[order], mean)


def _relative(scores: Tensor) -> Tensor:
    """The scores [n] from 0 for the least to 1 for the largest; 0 where all are equal."""
    # Their difference may be too large a number.
    return unit_range(scores / scores.abs().max().clamp(min=1))
