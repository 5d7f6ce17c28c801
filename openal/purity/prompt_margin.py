"""PromptMargin (OpenPath, PromptGate): the likeliest class text against the likeliest other one."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from torch import Tensor

from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["PromptMargin"]


@dataclass(frozen=True)
class PromptMargin(Part):
    """By how much the best class text is above the best other text; above 0 is predicted known.

    Needs no answers. The texts are those of `Prompts` or of `TunedPrompts`.

    Args:
        prompts: name of the signal [N, K + M], of texts of the classes and of other things.

    Reference: Zhong et al., OpenPath, MICCAI 2025, and Nesturi et al., PromptGate, arXiv
    2603.07163, 2026: the most likely of all texts names a class.
    """

    cites = ("zhong2025openpath", "nesturi2026promptgate")

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.0

    prompts: str = signal("prompt_logits")

    def __call__(self, view: View) -> Tensor:
        """Purity [n]."""
        return view.map(partial(_margin, num_classes=view.num_classes), self.prompts)


def _margin(logits: Tensor, num_classes: int) -> Tensor:
    logits = logits.double()
    return logits[:, :num_classes].amax(dim=1) - logits[:, num_classes:].amax(dim=1)
