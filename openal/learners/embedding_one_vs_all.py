"""A classifier and K yes-or-no heads on frozen embeddings."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from openal.labeled import LabeledSet
from openal.learners.embedding_training import fit_embeddings
from openal.learners.heads import FittedHeads
from openal.learners.layers import LayerSettings
from openal.learners.settings import settings_of
from openal.learners.yes_or_no import yes_or_no_heads, yes_or_no_loss
from openal.pool import Pool
from openal.view import reads

__all__ = ["EmbeddingOneVsAll"]


@dataclass(frozen=True)
class EmbeddingOneVsAll:
    """Learns the K classes and, for each, a head that says yes or no, on frozen embeddings.

    Offers `logits` [N, K] and `head_logits` [N, 2, K]: "not class k" and "class k". Known answers
    teach both, UNKNOWN ones teach all heads to say no. A linear layer, or one of `hidden`
    rectified units before it, which classifier and heads then share; fitted by L-BFGS on all
    answers at once. Without hidden units the seed decides nothing.

    Before any answer the logits are those of the seeded initial weights; a class that nobody
    answered yet has a head that says no. `device=None`: where the embeddings are.

    Reference: Yang et al., NeurIPS 2023 (PAL), with the heads of Saito and Saenko, "OVANet",
    ICCV 2021. `OneVsAll` does the same on the items themselves.
    """

    hidden: int | None = None
    weight_decay: float = 0.03
    steps: int = 100
    embeddings: str = reads("embeddings")
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = ("logits", "head_logits")

    def __post_init__(self) -> None:
        settings_of(self, LayerSettings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedHeads:
        """The trained heads; neither the pool nor the labeled set is changed."""
        layers = fit_embeddings(
            pool,
            self.embeddings,
            labeled.detector_subset(range(labeled.size)),
            3 * labeled.num_classes,
            names={"logits": "logits"},
            loss=yes_or_no_loss(labeled.num_classes),
            settings=settings_of(self, LayerSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
        return FittedHeads(layers, yes_or_no_heads(labeled.num_classes))
