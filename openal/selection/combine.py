"""Several scores as one."""

from functools import reduce

import torch
from torch import Tensor

from openal.errors import ArgumentError, ScoreError
from openal.query import evaluate
from openal.view import Score, View

__all__ = ["Product", "Sum"]


class _Mixture:
    """Scores side by side; shows, compares and pickles as it was built."""

    def __init__(self, *scores: Score) -> None:
        if not scores or any(isinstance(each, type) or not callable(each) for each in scores):
            raise ArgumentError(f"{type(self).__name__} takes one or more scores, got {scores!r}.")
        self.scores = scores

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.scores))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.scores == other.scores

    def __hash__(self) -> int:
        return hash((type(self), self.scores))

    def _values(self, view: View) -> list[Tensor]:
        # On the CPU: scores may read signals of several devices.
        return [evaluate(score, view).double().cpu() for score in self.scores]


class Product(_Mixture):
    """The product of scores that are not negative, such as a purity times an informativeness."""

    def __call__(self, view: View) -> Tensor:
        """The product [n], float64."""
        values = self._values(view)
        for score, value in zip(self.scores, values, strict=True):
            if (value < 0).any():
                index = view.pool.indices[int((value < 0).nonzero()[0])]
                raise ScoreError(
                    f"Product takes scores of at least 0; {score!r} is negative at index {index}. "
                    f"Use Sum, or shift it."
                )
        return reduce(torch.mul, values)


class Sum(_Mixture):
    """The sum of scores; bring them to one scale first."""

    def __call__(self, view: View) -> Tensor:
        """The sum [n], float64."""
        return reduce(torch.add, self._values(view))
