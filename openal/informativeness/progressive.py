"""Progressive (PAL): representative and decided candidates, by one yes-or-no head per class."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from openal._checks import as_number
from openal.functional.entropies import progressive_score
from openal.learners import EmbeddingOneVsAll, OneVsAll
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["Progressive"]


@dataclass(frozen=True)
class Progressive(Part):
    """PAL's score: w + mu S of candidates that are predicted known, from K yes-or-no heads.

    w, the largest probability of a yes, says how representative a candidate is of the known; S
    how decided the heads are. A candidate that all heads refuse has w + mu (1 - S). Brings PAL's
    heads: `EmbeddingOneVsAll` where the pool has embeddings, else `OneVsAll`.

    In the paper w is the output of a small network on the heads' logits, learned on two levels.
    As released it gets no gradient from the upper level and stays about as it began. Learned with
    that gradient, on frozen embeddings, it prefers known or unknown items depending on the number
    and size of the steps; so w is what the heads say themselves.

    Args:
        head_logits: name of the signal [N, 2, K]: no, then yes.
        mu: the weight of decidedness, at least 0; 0.6, as the authors' README has it.
        unknown: ranks the unknown instead: the most decided, least like the known, first. Those
            predicted known then come last; else those predicted unknown do.

    Raises:
        ArgumentError: a `mu` below 0.

    Reference: Yang et al., "Not All Out-of-Distribution Data Are Harmful to Open-Set Active
    Learning", NeurIPS 2023 (PAL).
    """

    cites = ("yang2023not",)

    role: ClassVar[Role] = "informativeness"

    head_logits: str = signal("head_logits")
    _: KW_ONLY
    mu: float = 0.6
    unknown: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number(self.mu, "mu", minimum=0)

    @property
    def learners(self) -> tuple[Any, ...]:
        """PAL's yes-or-no heads."""
        return OneVsAll(), EmbeddingOneVsAll()

    def __call__(self, view: View) -> Tensor:
        """Informativeness [n], float64."""
        wanted = partial(_wanted, mu=self.mu, unknown=self.unknown)
        return view.map(wanted, self.head_logits)


def _wanted(head_logits: Tensor, mu: float, unknown: bool) -> Tensor:
    value, known = progressive_score(head_logits.double(), mu=mu)
    behind = 4 * (1 + mu)  # more than any two values differ by
    return torch.where(known, -value - behind, -value) if unknown else value - behind * ~known
