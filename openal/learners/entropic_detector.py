"""EOAL's detector on images: K + 1 outputs, K binary heads, and clusters of the unknown."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal.forward import Model
from openal.labeled import LabeledSet
from openal.learners.crop_flip import CropFlip
from openal.learners.entropic import SIGNALS, EntropicLoss, EntropicNetwork, binary_heads
from openal.learners.entropic_training import train_entropic
from openal.learners.fitted_network import (
    RESIDENT_BYTES,
    Factory,
    inputs_of,
    new_network,
    training_device,
)
from openal.learners.network_training import Augmentation, TrainingSettings
from openal.learners.settings import settings_of
from openal.pool import Pool
from openal.seeds import isolated_rng

__all__ = ["EntropicDetector"]


@dataclass(frozen=True)
class EntropicDetector:
    """Learns from all answers, on the items themselves, as EOAL does.

    Offers `detector_logits` [N, K + 1], the last for unknown, `head_logits` [N, 2, K], no and yes
    of K binary heads, and `detector_features` [N, d], on which both stand; all from one pass.
    The loss is cross-entropy at the `temperature`; heads that are right of known items (a weight
    of 1 - `alpha`, of 1 before any UNKNOWN) and undecided about unknown ones (`alpha`); and,
    weighted by `reg_w`, unknown features that are near the center of their cluster. These are
    `n_unknown_clusters` by `finch_clusters` (None: as many as classes).

    `factory(num_outputs)` makes a new network for the items, `cifar_resnet18` by default; its
    features are those it returns, or the input of its last linear layer. It is trained from
    scratch by SGD; the learning rate of the detector, not of the heads, is multiplied by `gamma`
    every `step_size` epochs. Before any answer all is as initialized by the seed.

    Differences from the authors' code: the mean of an empty batch is 0, not NaN; the unknown are
    clustered every `recluster_every` epochs, not every epoch (1), and without augmentation; no
    epsilon stands in the logarithms; the network is a ResNet-18 of the usual width.

    `device=None`: a GPU if there is one, else the CPU. `amp=None`: mixed precision on a GPU.

    Reference: Safaei et al., "Entropic Open-Set Active Learning" (EOAL), AAAI 2024.
    """

    factory: Factory | None = None
    temperature: float = 0.5
    alpha: float = 0.8
    reg_w: float = 0.1
    n_unknown_clusters: int | None = None
    recluster_every: int = 5
    epochs: int = 300
    batch_size: int = 128
    lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    step_size: int = 60
    gamma: float = 0.5
    augment: Augmentation | None = field(default_factory=CropFlip)
    device: str | torch.device | None = None
    amp: bool | None = None

    offers: ClassVar[tuple[str, ...]] = SIGNALS
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        settings_of(self, EntropicLoss)
        settings_of(self, TrainingSettings)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> "FittedEntropicNetwork":
        """The trained detector; neither the pool nor the labeled set is changed."""
        device = training_device(self.device)
        with isolated_rng(seed):
            network = new_network(self.factory, labeled.num_classes + 1).to(device)
            return self._trained(network, device, pool, labeled, seed, progress)

    def _trained(
        self,
        network: nn.Module,
        device: torch.device,
        pool: Pool,
        labeled: LabeledSet,
        seed: int,
        progress: bool | None,
    ) -> "FittedEntropicNetwork":
        answers = labeled.detector_subset(pool.items)
        found = answers.indices if len(answers) else np.zeros(1, np.int64)  # one tells the shape
        inputs = inputs_of(pool, found, self.factory, progress=progress)
        inputs = inputs.to(device) if inputs.nbytes <= RESIDENT_BYTES else inputs
        if inputs.ndim == 4:
            network = network.to(memory_format=torch.channels_last)
        entropic = EntropicNetwork(network, inputs[:1].to(device))
        if len(answers):
            train_entropic(
                entropic,
                inputs,
                torch.from_numpy(answers.classes),
                loss=settings_of(self, EntropicLoss),
                settings=settings_of(self, TrainingSettings),
                seed=seed,
                progress=progress,
            )
        return FittedEntropicNetwork(entropic.eval())


@dataclass(frozen=True, eq=False)
class FittedEntropicNetwork:
    """EOAL's network trained on a pool's items, as a learner that needs no more training."""

    network: EntropicNetwork

    offers: ClassVar[tuple[str, ...]] = SIGNALS
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`, each [n, ...], from one pass, on its device."""
        wanted = ("features", "logits")
        found = Model(self.network.network).signals(pool, indices, wanted, progress=progress)
        weight = self.network.heads.weight.detach()
        features = found["features"] if len(indices) else weight.new_empty(0, weight.shape[1])
        values = {
            "detector_features": features,
            "detector_logits": found["logits"],
            "head_logits": binary_heads(features.to(weight), weight),
        }
        return {name: values[name] for name in names}
