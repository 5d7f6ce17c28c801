"""Uniform: every candidate is as informative as any other."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from openal.parts import Part, Role
from openal.view import View

__all__ = ["Uniform"]


@dataclass(frozen=True)
class Uniform(Part):
    """A number drawn uniformly from [0, 1) for each candidate: a random order."""

    role: ClassVar[Role] = "informativeness"

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], float64."""
        return view.random()
