"""Sum, Product, GeometricMean, Power: several scores as one."""

from dataclasses import KW_ONLY, dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from openal._checks import as_number
from openal.errors import ArgumentError, ScoreError
from openal.parts import Part, Role, as_score, role_of
from openal.step import evaluate
from openal.view import Score, View

__all__ = ["GeometricMean", "Power", "Product", "Sum"]


class _Mixture:
    """Scores side by side; shows, compares and pickles as it was built."""

    def __init__(self, *scores: Score) -> None:
        if not scores or not all(callable(score) or hasattr(score, "stages") for score in scores):
            raise ArgumentError(f"{type(self).__name__} takes one or more scores, got {scores!r}.")
        self.scores = tuple(as_score(score, f"{type(self).__name__}'s scores") for score in scores)

    @property
    def role(self) -> Role | None:
        """What the mixture means: the role that all of its scores have, or None."""
        roles: set[Role | None] = {getattr(score, "role", None) for score in self.scores}
        return roles.pop() if len(roles) == 1 else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.scores))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.scores == other.scores

    def __hash__(self) -> int:
        return hash((type(self), self.scores))

    def _values(self, view: View) -> list[Tensor]:
        views = [replace(view, notes={}) for _ in self.scores]
        # On the CPU: scores may read signals of several devices.
        values = [evaluate(*pair).double().cpu() for pair in zip(self.scores, views, strict=True)]
        notes = {
            f"{place} {type(score).__name__}": inner.notes
            for place, (score, inner) in enumerate(zip(self.scores, views, strict=True))
            if inner.notes
        }
        view.notes.update(*notes.values() if len(notes) == 1 else [notes])
        return values


class Product(_Mixture):
    """The product of scores that are not negative, such as a purity times an informativeness.

    Has the role that all of its scores have.

    Args:
        *scores: one or more scores, each at least 0 for every candidate.

    Raises:
        ArgumentError: no score, or something that is no score.
        ScoreError: in a query, a negative score; the message names it and the first index.
    """

    def __call__(self, view: View) -> Tensor:
        """The product [n], float64."""
        values = self._values(view)
        for score, value in zip(self.scores, values, strict=True):
            _require_not_negative(value, score, view, type(self).__name__)
        return reduce(torch.mul, values)


class GeometricMean(Product):
    """The geometric mean of scores that are not negative: the root of their product.

    Of probabilities it is one again, low where any of them is. Has the role that all of its scores
    have.

    Args:
        *scores: one or more scores, each at least 0 for every candidate.

    Raises:
        ArgumentError: no score, or something that is no score.
        ScoreError: in a query, a negative score; the message names it and the first index.
    """

    def __call__(self, view: View) -> Tensor:
        """The mean [n], float64."""
        return super().__call__(view) ** (1 / len(self.scores))


@dataclass(frozen=True)
class Power(Part):
    """A score that is not negative, raised to a power: above 1 only the largest values count much.

    Args:
        score: the score, at least 0 for every candidate.
        exponent: the power, above 0.

    Raises:
        ArgumentError: a `score` that is no score, an `exponent` that is not above 0.
        ScoreError: in a query, a negative score; the message names it and the first index.
    """

    score: Score
    _: KW_ONLY
    exponent: float

    def __post_init__(self) -> None:
        as_score(self.score)
        super().__post_init__()
        as_number(self.exponent, "exponent", above=0)

    @property
    def role(self) -> Role | None:  # type: ignore[override]
        """What the score means."""
        return role_of(self.score)

    def __call__(self, view: View) -> Tensor:
        """The power [n], float64."""
        values = evaluate(self.score, view).double()
        _require_not_negative(values, self.score, view, "Power")
        return values**self.exponent


def _require_not_negative(values: Tensor, score: Score, view: View, mixture: str) -> None:
    if (values < 0).any():
        index = view.pool.indices[int((values < 0).nonzero()[0])]
        raise ScoreError(
            f"{mixture} takes scores of at least 0; {score!r} is negative at index {index}. "
            f"Use Sum, or shift it."
        )


class Sum(_Mixture):
    """The sum of scores; bring them to one scale first. Has the role that all of its scores have.

    Args:
        *scores: one or more scores.

    Raises:
        ArgumentError: no score, or something that is no score.
    """

    def __call__(self, view: View) -> Tensor:
        """The sum [n], float64."""
        return reduce(torch.add, self._values(view))
