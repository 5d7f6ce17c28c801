"""How well does an image match the best class text of a vision-language model?"""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar, Literal

from torch import Tensor

from openal._checks import as_number
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["CLIPPurity"]


@dataclass(frozen=True)
class CLIPPurity(Part):
    """Zero-shot purity from the cosines with the class texts alone; needs no answers.

    `rule="mcm"`: the largest probability of softmax(scale * cosines), maximum concept matching
    (Ming et al., NeurIPS 2022; their temperature is 1, so is the default scale). It compares
    classes, so with one class it is 1 for all. `rule="energy"`: logsumexp(scale * cosines) / scale
    (Liu et al., NeurIPS 2020).
    """

    role: ClassVar[Role] = "purity"

    yes: str = signal("yes_cosines")
    _: KW_ONLY
    rule: Literal["mcm", "energy"] = "mcm"
    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number(self.scale, "scale", above=0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n]."""
        matching = {"mcm": _matching, "energy": _energy}[self.rule]
        return view.map(partial(matching, scale=self.scale), self.yes)


def _matching(yes: Tensor, scale: float) -> Tensor:
    return (scale * yes.float()).softmax(dim=1).amax(dim=1)


def _energy(yes: Tensor, scale: float) -> Tensor:
    return (scale * yes.float()).logsumexp(dim=1) / scale
