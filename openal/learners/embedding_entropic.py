"""EOAL's detector on frozen embeddings: K + 1 outputs, K binary heads, clusters of the unknown."""

from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import ClassVar

import torch
from torch import Tensor, nn

from openal.checks import as_count, as_number
from openal.labeled import LabeledSet
from openal.learners.embedding_network import Layer, Scaled, precise
from openal.learners.embedding_training import FittedOnEmbeddings, answered_embeddings
from openal.learners.entropic import SIGNALS, EntropicLoss, EntropicNetwork, Outputs
from openal.learners.entropic_training import train_entropic
from openal.learners.network_training import TrainingSettings, batches_of
from openal.learners.settings import settings_of
from openal.pool import Pool
from openal.seeds import isolated_rng
from openal.threads import threads_for
from openal.view import reads

__all__ = ["EmbeddingEntropicDetector"]


@dataclass(frozen=True)
class EmbeddingEntropicDetector:
    """Learns from all answers, on frozen embeddings, as EOAL's detector does on images.

    Offers the signals of `EntropicDetector` with its losses and options: `detector_logits`
    [N, K + 1], `head_logits` [N, 2, K] and `detector_features` [N, d]. The features are `hidden`
    rectified units (128, as the authors' network has), or, with None, the embeddings centered
    and scaled, which no loss can move. `steps` mini-batches of SGD at a constant rate `lr`, or
    one epoch where that is more: about a second. Before any answer all is as initialized.

    `device=None`: where the embeddings are.

    Reference: Safaei et al., "Entropic Open-Set Active Learning" (EOAL), AAAI 2024, which trains
    a network on images; `EntropicDetector` does.
    """

    temperature: float = 0.5
    alpha: float = 0.8
    reg_w: float = 0.1
    n_unknown_clusters: int | None = None
    recluster_every: int = 5
    hidden: int | None = 128
    steps: int = 300
    batch_size: int = 128
    lr: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    embeddings: str = reads("embeddings")
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = SIGNALS

    def __post_init__(self) -> None:
        settings_of(self, EntropicLoss)
        if self.hidden is not None:
            as_count(self.hidden, "hidden", minimum=1)
        as_count(self.steps, "steps", minimum=1)
        as_count(self.batch_size, "batch_size", minimum=1)
        as_number(self.lr, "lr", above=0)
        self._training(1)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained detector; neither the pool nor the labeled set is changed."""
        answers = labeled.detector_subset(range(labeled.size))
        z = answered_embeddings(pool, self.embeddings, answers.indices, self.device, progress)
        z = z.float()
        with isolated_rng(seed):
            network = self._network(z, labeled.num_classes)
        if len(answers):
            with threads_for(self.batch_size * z.shape[1] * (self.hidden or labeled.num_classes)):
                train_entropic(
                    network,
                    z,
                    torch.from_numpy(answers.classes),
                    loss=settings_of(self, EntropicLoss),
                    settings=self._training(len(answers)),
                    seed=seed,
                    progress=progress,
                )
        signals = partial(_signals, network=precise(network.eval()))
        return FittedOnEmbeddings(signals, SIGNALS, self.embeddings, self.device)

    def _network(self, z: Tensor, num_classes: int) -> EntropicNetwork:
        """A new network for embeddings like the answered ones [m, D]."""
        layers: list[nn.Module] = [Scaled(z)]
        if self.hidden is not None:
            layers += [Layer(z.shape[1], self.hidden), nn.ReLU()]
        layers.append(Layer(self.hidden or z.shape[1], num_classes + 1))
        return EntropicNetwork(nn.Sequential(*layers).to(z.device), z.new_zeros(1, z.shape[1]))

    def _training(self, answers: int) -> TrainingSettings:
        epochs = ceil(self.steps / batches_of(answers, self.batch_size))
        return TrainingSettings(
            epochs=epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            step_size=epochs,
            gamma=1.0,
            augment=None,
            amp=False,
        )


def _signals(z: Tensor, network: EntropicNetwork) -> dict[str, Tensor]:
    found: Outputs = network(z.to(network.heads.weight))
    return dict(zip(SIGNALS, (found.features, found.logits, found.head_logits), strict=True))
