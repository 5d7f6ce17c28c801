"""A recipe with what the arguments say instead, and a sentence on what differs from the paper."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from openal.simulate.datasets.images import ImageData
from openal.simulate.recipes import Recipe, recipe_of

__all__ = ["ChosenRecipe"]

TOLD = {
    "mismatch": "mismatch",
    "ood_ratio": "OOD ratio",
    "seeds": "seeds",
    "strategies": "strategies",
    "encoder": "embeddings",
    "thin": "known items thinned",
}
"""What is told where it is not the recipe's, by the names of its fields."""


@dataclass(frozen=True, eq=False)
class ChosenRecipe:
    """The recipe `name` with what the arguments say instead, on the images that a `scale` leaves.

    The `encoder` of the `recipe` is the name of what the embeddings come from, be it a file. Of
    `whole` images to learn from, `data` has those at `kept`. `noise` and `skip` are the oracle's;
    `without_classifier` the detector classifies.
    """

    name: str
    recipe: Recipe
    scale: float
    data: ImageData
    kept: np.ndarray  # int64, which images to learn from there are left
    whole: int  # how many there were
    noise: float = 0.0
    skip: float = 0.0
    without_classifier: bool = False

    @property
    def about(self) -> str:
        """The figures that are used, and what they are in full where that is something else."""
        used, full = self.recipe, recipe_of(self.name).on(self.recipe.data)
        tests = f", {len(self.data.test[1])} to test with" if self.data.test is not None else ""
        here = f"{len(self.kept)} images{tests}; {_figures(used, full)}{self._oracle()}"
        if used == full and len(self.kept) == self.whole and not self._oracle():
            return f"Recipe: {self.name} in full: {here}."
        how = f"at scale {self.scale:g}" if self.scale < 1 else "with changes"
        return (
            f"Recipe: {self.name} {how}: {here}. "
            f"In full: {self.whole} images; {_figures(full, used)}."
        )

    def _oracle(self) -> str:
        """The recipes' answers are all there, and right, and a classifier learns them."""
        shares = {"noise": self.noise, "skip": self.skip}
        words = "".join(f"; {name} {value:g}" for name, value in shares.items() if value)
        return words + "; without a classifier" * self.without_classifier


def _figures(recipe: Recipe, other: Recipe) -> str:
    """The figures of a recipe, and whatever else is not the same in the `other` one."""
    loop = f"{recipe.rounds} rounds of {recipe.budget}, {recipe.task.epochs} epochs a round"
    return "; ".join([f"{_first(recipe.first)}, then {loop}", *_differences(recipe, other)])


def _first(first: float) -> str:
    if first < 1:
        return f"{100 * first:g}% of known items as first answers"
    return f"{first:g} first answers"


def _differences(recipe: Recipe, other: Recipe) -> Iterator[str]:
    for name, words in TOLD.items():
        mine = getattr(recipe, name)
        if mine != getattr(other, name):
            yield f"{words} {_shown(mine)}"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join("all" if part is None else _shown(part) for part in value)
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
