"""CLIPPurity (MCM): how well an image matches its best class text of a vision-language model."""

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

    Args:
        yes: name of the signal [N, K], the cosines with the class texts.
        rule: "mcm", the largest probability of softmax(scale * cosines), which compares classes and
            is 1 for all with one class; or "energy", logsumexp(scale * cosines) / scale.
        scale: what the cosines are multiplied by, above 0; 1, as in MCM.

    Raises:
        ArgumentError: a `scale` that is not above 0.

    Reference: for "mcm", Ming et al., "Delving into Out-of-Distribution Detection with
    Vision-Language Representations", NeurIPS 2022; for "energy", Liu et al., NeurIPS 2020.
    """

    role: ClassVar[Role] = "purity"

    yes: str = signal("yes_cosines")
    _: KW_ONLY
    rule: Literal["mcm", "energy"] = "mcm"
    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number(self.scale, "scale", above=0)

    @property
    def cites(self) -> tuple[str, ...]:
        """The paper of the rule."""
        return ("ming2022delving",) if self.rule == "mcm" else ("liu2020energy",)

    def __call__(self, view: View) -> Tensor:
        """Purity [n]."""
        matching = {"mcm": _matching, "energy": _energy}[self.rule]
        return view.map(partial(matching, scale=self.scale), self.yes)


def _matching(yes: Tensor, scale: float) -> Tensor:
    return (scale * yes.float()).softmax(dim=1).amax(dim=1)


def _energy(yes: Tensor, scale: float) -> Tensor:
    return (scale * yes.float()).logsumexp(dim=1) / scale
