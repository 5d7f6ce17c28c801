"""A classifier and K yes-or-no heads on images."""

from dataclasses import dataclass, field
from typing import ClassVar

import torch

from openal.labeled import LabeledSet
from openal.learners.crop_flip import CropFlip
from openal.learners.fitted_network import Factory, fit_network
from openal.learners.heads import FittedHeads
from openal.learners.network_training import Augmentation, TrainingSettings
from openal.learners.settings import settings_of
from openal.learners.yes_or_no import yes_or_no_heads, yes_or_no_loss
from openal.pool import Pool

__all__ = ["OneVsAll"]


@dataclass(frozen=True)
class OneVsAll:
    """Learns the K classes and, for each, a head that says yes or no, on the items themselves.

    Offers `logits` [N, K] and `head_logits` [N, 2, K]: "not class k" and "class k". One network
    of 3 K outputs, made by `factory(3 * K)` and trained as `Detector` trains its own, whose
    settings these are; `EmbeddingOneVsAll` says what the answers teach. Before any answer the
    network is as initialized by the seed.

    Reference: Yang et al., NeurIPS 2023 (PAL), which trains on unlabeled images, too.
    """

    factory: Factory | None = None
    epochs: int = 100
    batch_size: int = 128
    lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    step_size: int = 20
    gamma: float = 0.5
    augment: Augmentation | None = field(default_factory=CropFlip)
    device: str | torch.device | None = None
    amp: bool | None = None

    offers: ClassVar[tuple[str, ...]] = ("logits", "head_logits")
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        settings_of(self, TrainingSettings)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedHeads:
        """The trained network; neither the pool nor the labeled set is changed."""
        network = fit_network(
            pool,
            labeled.detector_subset(pool.items),
            3 * labeled.num_classes,
            factory=self.factory,
            names={"logits": "logits"},
            loss=yes_or_no_loss(labeled.num_classes),
            settings=settings_of(self, TrainingSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
        return FittedHeads(network, yes_or_no_heads(labeled.num_classes))
