"""EvidenceShare (E2OAL): the probability of being known, by evidence for known and unknown."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional.known_share import known_share
from openal.functional.scaling import with_ties_broken
from openal.learners import EmbeddingEvidence
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["EvidenceShare"]


@dataclass(frozen=True)
class EvidenceShare(Part):
    """The probability of being known, by the margin of the known over the unknown logits.

    The margin is the largest of the first K logits less the largest of the others. Three Gaussians
    over the margins of candidates and answers, and the answers under each, turn it into a
    probability: see `openal.functional.known_share`. Ties go to the larger margin. Brings E2OAL's
    two heads, `EmbeddingEvidence`; it needs the pool's `embeddings`.

    Args:
        evidence_logits: name of the signal [N, K + M]: K classes, then M clusters of the unknown.

    Raises:
        ArrayError: in a query, a signal of K columns or fewer.

    Reference: E2OAL, arXiv 2603.07898.
    """

    cites = ("zong2026revisiting",)

    role: ClassVar[Role] = "purity"
    known_above: ClassVar[float | None] = 0.5

    evidence_logits: str = signal("evidence_logits")

    @property
    def learners(self) -> tuple[Any, ...]:
        """E2OAL's two heads, on embeddings."""
        return (EmbeddingEvidence(),)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [0, 1]."""
        margin = partial(_margin, num_classes=view.num_classes, name=self.evidence_logits)
        margins = view.map(margin, self.evidence_logits).double()
        answered = [margin(rows[self.evidence_logits]) for rows in (view.known, view.invalid)]
        is_known = torch.arange(sum(map(len, answered)), device="cpu") < len(answered[0])
        share = known_share(margins, torch.cat(answered).to(margins), is_known)
        span = 1 + margins.abs()
        return with_ties_broken(share, (1 + margins / span) / 2)


def _margin(logits: Tensor, num_classes: int, name: str) -> Tensor:
    if logits.ndim != 2 or (len(logits) and logits.shape[1] <= num_classes):
        raise ArrayError(
            f"signal {name!r} must have more than {num_classes} columns for {num_classes} "
            f"classes, got shape {tuple(logits.shape[1:])} per item."
        )
    if len(logits) == 0:
        return torch.zeros(0, dtype=torch.float64, device=logits.device)
    logits = logits.double()
    return logits[:, :num_classes].amax(dim=1) - logits[:, num_classes:].amax(dim=1)
