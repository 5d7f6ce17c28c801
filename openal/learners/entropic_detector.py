"""EOAL's detector, on images or on frozen embeddings: K + 1 outputs, K binary heads, clusters."""

from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal._checks import as_count, as_number
from openal._contexts import own_contexts
from openal._seeds import drawing_from
from openal._threads import threads_for
from openal.labeled import LabeledSet
from openal.learners._entropic_network import (
    SIGNALS,
    EntropicLoss,
    EntropicNetwork,
    Outputs,
    binary_heads,
    train_entropic,
)
from openal.learners._health import WITHOUT, Scale, Standardized, tell
from openal.learners._on_embeddings import FittedOnEmbeddings, answered_embeddings, with_values
from openal.learners._on_images import (
    RESIDENT_BYTES,
    Factory,
    inputs_of,
    new_network,
    trained,
    training_device,
)
from openal.learners._settings import settings_of
from openal.learners._sgd import Augmentation, TrainingSettings, batches_of
from openal.learners._small_network import Layer, Scaled, precise
from openal.learners.networks import CropFlip
from openal.model import Model
from openal.parts import signal
from openal.pool import Pool

__all__ = ["EmbeddingEntropicDetector", "EntropicDetector"]


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
    The default network standardizes images of whole numbers, or whose root mean square is above
    10; one of yours reads standardized items only where it does not learn from others: see
    `Classifier`.

    Differences from the authors' code: the mean of an empty batch is 0, not NaN; the unknown are
    clustered every `recluster_every` epochs, not every epoch (1), and without augmentation; no
    epsilon stands in the logarithms; the network is a ResNet-18 of the usual width.

    `device=None`: a GPU if there is one, else the CPU. `amp=None`: mixed precision on a GPU.

    Args:
        factory: `factory(num_outputs)` makes the network; None: `cifar_resnet18`.
        temperature: what divides the logits in the loss.
        alpha: the weight of unknown items for the heads, EOAL's 0.8.
        reg_w: the weight of the distance to the cluster of an unknown item, EOAL's 0.1.
        n_unknown_clusters: clusters of the unknown; None: as many as classes.
        recluster_every: epochs between two clusterings.
        epochs: passes over the answers.
        batch_size: items in a batch; None: 32 on a CPU, 256 on a GPU.
        lr: the learning rate at the start.
        momentum: of SGD.
        weight_decay: the weight of half the squared weights in the loss.
        step_size: epochs between two reductions of the rate.
        gamma: what the rate is multiplied by then.
        augment: `augment(x, generator)` varies a batch [B, ...]; None: nothing does.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.
        amp: mixed precision in training; None: on a GPU.

    Reference: Safaei et al., "Entropic Open-Set Active Learning" (EOAL), AAAI 2024.
    """

    cites = ("safaei2024entropic",)

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

    @own_contexts()
    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> "FittedEntropicNetwork":
        """The trained detector; neither the pool nor the labeled set is changed."""
        device = training_device(self.device)
        answers = labeled.detector_subset(pool.items)
        found = answers.indices if len(answers) else np.zeros(1, np.int64)  # one tells the shape
        inputs = inputs_of(pool, found, self.factory, progress=progress)
        inputs = inputs.to(device) if inputs.nbytes <= RESIDENT_BYTES else inputs
        make = partial(self._network, labeled.num_classes, inputs[:1].to(device), seed)
        ours = self.factory is None
        if len(answers) == 0:
            return FittedEntropicNetwork(make(WITHOUT if ours else None).eval())
        fit = partial(
            train_entropic,
            inputs=inputs,
            labels=torch.from_numpy(answers.targets),
            loss=settings_of(self, EntropicLoss),
            settings=settings_of(self, TrainingSettings),
            seed=seed,
            progress=progress,
        )
        return FittedEntropicNetwork(trained(make, inputs, fit, ours=ours).eval())

    def _network(
        self, num_classes: int, example: Tensor, seed: int, scale: Scale | None
    ) -> EntropicNetwork:
        """A new network for inputs like the example [1, ...], whose weights the seed decides."""
        with drawing_from(seed):
            network = new_network(self.factory, num_classes + 1).to(example.device)
            network = network if scale is None else Standardized(network, scale)
            return EntropicNetwork(network.to(example.device), example)


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


@dataclass(frozen=True)
class EmbeddingEntropicDetector:
    """Learns from all answers, on frozen embeddings, as EOAL's detector does on images.

    Offers the signals of `EntropicDetector` with its losses and options: `detector_logits`
    [N, K + 1], `head_logits` [N, 2, K] and `detector_features` [N, d]. The features are `hidden`
    rectified units (128, as the authors' network has), or, with None, the embeddings centered
    and scaled, which no loss can move. `steps` mini-batches of SGD at a constant rate `lr`, or
    one epoch where that is more: about a second. Before any answer all logits are equal.

    `device=None`: where the embeddings are.

    Args:
        temperature: what divides the logits in the loss.
        alpha: the weight of unknown items for the heads, EOAL's 0.8.
        reg_w: the weight of the distance to the cluster of an unknown item, EOAL's 0.1.
        n_unknown_clusters: clusters of the unknown; None: as many as classes.
        recluster_every: epochs between two clusterings.
        hidden: hidden units; None: a linear layer.
        steps: steps of the optimizer at most (L-BFGS), or at least (SGD).
        batch_size: items in a batch; None: 32 on a CPU, 256 on a GPU.
        lr: the learning rate at the start.
        momentum: of SGD.
        weight_decay: the weight of half the squared weights in the loss.
        embeddings: the name of the signal [N, D] that is read.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.

    Reference: Safaei et al., "Entropic Open-Set Active Learning" (EOAL), AAAI 2024, which trains
    a network on images; `EntropicDetector` does.
    """

    cites = ("safaei2024entropic",)

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
    embeddings: str = signal("embeddings")
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

    @own_contexts()
    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained detector; neither the pool nor the labeled set is changed."""
        answers = labeled.detector_subset(range(labeled.size))
        answers = with_values(pool, self.embeddings, answers, progress)
        z = answered_embeddings(pool, self.embeddings, answers.indices, self.device, progress)
        z = z.float()
        with drawing_from(seed):
            network = self._network(z, labeled.num_classes)
        if len(answers):
            with threads_for(self.batch_size * z.shape[1] * (self.hidden or labeled.num_classes)):
                failure = train_entropic(
                    network,
                    z,
                    torch.from_numpy(answers.targets),
                    loss=settings_of(self, EntropicLoss),
                    settings=self._training(len(answers)),
                    seed=seed,
                    progress=progress,
                )
            tell(failure)
        signals = partial(_signals, network=precise(network.eval()))
        untrained = len(answers) == 0
        return FittedOnEmbeddings(signals, SIGNALS, self.embeddings, self.device, untrained)

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
