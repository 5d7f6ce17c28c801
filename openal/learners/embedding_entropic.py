"""EOAL's detector on frozen embeddings: K + 1 outputs, K binary heads, clusters of the unknown."""

from contextlib import nullcontext
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal.checks import as_count, as_number
from openal.forward import inference_mode_of
from openal.labeled import LabeledSet
from openal.learners.embedding_training import BLOCK_ROWS, taken
from openal.learners.entropic import SIGNALS, EntropicLoss, EntropicNetwork
from openal.learners.entropic_training import train_entropic
from openal.learners.network_training import TrainingSettings
from openal.learners.settings import settings_of
from openal.pool import Pool
from openal.seeds import isolated_rng
from openal.threads import one_thread
from openal.view import reads

__all__ = ["EmbeddingEntropicDetector"]

SMALL = 10**8
"""Multiplications in one batch below which a second thread costs more than it gives."""


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
        as_number(self.lr, "lr", above=0)
        self._training(1)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> "FittedEntropicLayers":
        """The trained detector; neither the pool nor the labeled set is changed."""
        answers = labeled.detector_subset(range(labeled.size))
        found = answers.indices if len(answers) else np.zeros(1, np.int64)  # one tells the width
        z = taken(pool, self.embeddings, found, self.device, progress).float()
        with isolated_rng(seed):
            network = self._network(z, z[: len(answers)], labeled.num_classes)
        if len(answers):
            small = self.batch_size * z.shape[1] * (self.hidden or labeled.num_classes) < SMALL
            with one_thread() if small else nullcontext():
                train_entropic(
                    network,
                    z,
                    torch.from_numpy(answers.classes),
                    loss=settings_of(self, EntropicLoss),
                    settings=self._training(len(answers)),
                    seed=seed,
                    progress=progress,
                )
        return FittedEntropicLayers(_precise(network.eval()), self.embeddings, self.device)

    def _network(self, z: Tensor, answered: Tensor, num_classes: int) -> EntropicNetwork:
        """A new network for embeddings like z [n, D], standardized by the answered ones."""
        layers: list[nn.Module] = [_Standard(answered)]
        if self.hidden is not None:
            layers += [nn.Linear(z.shape[1], self.hidden), nn.ReLU()]
        layers.append(nn.Linear(self.hidden or z.shape[1], num_classes + 1))
        return EntropicNetwork(nn.Sequential(*layers).to(z.device), z[:1])

    def _training(self, answers: int) -> TrainingSettings:
        epochs = ceil(
            self.steps / ceil(answers / as_count(self.batch_size, "batch_size", minimum=1))
        )
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


@dataclass(frozen=True, eq=False)
class FittedEntropicLayers:
    """EOAL's network trained on a pool's embeddings, as a learner that needs no more training."""

    network: EntropicNetwork
    embeddings: str
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = SIGNALS

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`, each [n, ...]: float32, float64 of such embeddings."""
        blocks: list[dict[str, Tensor]] = []
        with inference_mode_of(self.network):
            for start in range(0, max(1, len(indices)), BLOCK_ROWS):
                block = indices[start : start + BLOCK_ROWS]
                z = taken(pool, self.embeddings, block, self.device, progress)
                found = self.network(z.to(self.network.heads.weight))
                values = (found.features, found.logits, found.head_logits)
                blocks.append({k: v.to(z) for k, v in zip(SIGNALS, values, strict=True)})
        return {name: torch.cat([block[name] for block in blocks]) for name in names}


class _Standard(nn.Module):
    """Centers embeddings, and divides them by one number, so that their mean square is 1."""

    center: Tensor
    scale: Tensor

    def __init__(self, z: Tensor) -> None:
        super().__init__()
        center = z.mean(dim=0) if len(z) else z.new_zeros(z.shape[1])
        size = z.abs().amax() if z.numel() else z.new_zeros(())
        scale = (z - center).square().mean().sqrt() if z.numel() else size
        # What is left of equal rows is rounding, not to be blown up.
        scale = torch.where(scale > 1e-6 * size, scale, size)
        self.register_buffer("center", center)
        self.register_buffer("scale", torch.where(scale > 0, scale, 1.0))

    def forward(self, z: Tensor) -> Tensor:
        """The standardized embeddings [n, D]."""
        return (z - self.center) / self.scale


def _precise(network: EntropicNetwork) -> EntropicNetwork:
    """The network in double precision, in which blocks of any size give equal outputs."""
    on_apple = network.heads.weight.device.type == "mps"  # Apple's GPUs have no double precision
    return network if on_apple else network.double()
