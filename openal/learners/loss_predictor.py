"""Learning Loss, on images or on frozen embeddings: a task network and what predicts its loss."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal._checks import as_count, as_number
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners._heads import FittedHeads, Head
from openal.learners._on_embeddings import FittedOnEmbeddings
from openal.learners._on_images import Factory, fit_network, inputs_of, new_network
from openal.learners._settings import settings_of
from openal.learners._sgd import Augmentation, TrainingSettings, batches_of
from openal.learners._small_network import (
    StepSettings,
    epochs_of,
    fit_network_on,
    hidden_network,
)
from openal.learners.loss_prediction import LossPredictingNetwork, joint_loss
from openal.learners.networks import CropFlip
from openal.parts import signal
from openal.pool import Pool

__all__ = ["EmbeddingLossPredictor", "LossPredictor", "LossSettings", "loss_heads"]


@dataclass(frozen=True)
class LossSettings:
    """How a loss prediction is trained beside its classifier."""

    width: int
    margin: float
    weight: float
    joint_share: float

    def __post_init__(self) -> None:
        as_count(self.width, "width", minimum=1)
        as_number(self.margin, "margin", above=0)
        as_number(self.weight, "weight", minimum=0)
        as_number(self.joint_share, "joint_share", minimum=0, maximum=1)

    def joint_steps(self, epochs: int, batches: int) -> int:
        """In how many steps the predicted loss teaches the classifier too."""
        return int(self.joint_share * epochs + 1e-9) * batches


@dataclass(frozen=True)
class LossPredictor:
    """Learns the K classes from the known answers, on the items, and how wrong it is on each.

    Offers `predicted_loss` [N], whose order alone means something, and the classifier's `logits`
    [N, K]. A `LossPrediction` of `width` units for each of the classifier's `layers` is trained
    with it on cross-entropy plus `weight` times `functional.ranking_loss`; after `joint_share` of
    the epochs its gradient no longer reaches the classifier.

    `factory(num_outputs)` makes a new network for the items, `cifar_resnet18` by default, and
    `layers` names its modules whose outputs [B, C, ...] are the feature maps. Both are trained
    from scratch by SGD; the learning rate `lr` is multiplied by `gamma` every `step_size` epochs.
    Fewer answers than `batch_size` take a rate that is smaller in proportion: at the whole of it
    both diverge.
    The answered items are read once and held in memory; `augment(x, generator)` varies each batch
    on its device. A pool is scored without augmentation. Before any known answer all is as
    initialized by the seed. `device=None`: a GPU if there is one, else the CPU. `amp=None`: mixed
    precision on a GPU.

    Differences from the codes: one optimizer holds both sets of weights, which is the same as two
    with equal settings; the gradient is cut after exactly 60 % of the epochs, where the codes
    cut one epoch later.

    Args:
        factory: `factory(num_outputs)` makes the network; None: `cifar_resnet18`.
        layers: names of modules whose outputs are feature maps [B, C, ...].
        width: units of each layer of the additional network.
        margin: by how much predicted losses should differ.
        weight: of the ranking loss beside the cross-entropy.
        joint_share: of the epochs, after which the predicted loss no longer moves the
            classifier.
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

    Reference: Yoo and Kweon, "Learning Loss for Active Learning", CVPR 2019.
    """

    cites = ("yoo2019learning",)

    factory: Factory | None = None
    layers: tuple[str, ...] = ("layer1", "layer2", "layer3", "layer4")
    width: int = 128
    margin: float = 1.0
    weight: float = 1.0
    joint_share: float = 0.6
    epochs: int = 200
    batch_size: int = 128
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    step_size: int = 160
    gamma: float = 0.1
    augment: Augmentation | None = field(default_factory=CropFlip)
    device: str | torch.device | None = None
    amp: bool | None = None

    offers: ClassVar[tuple[str, ...]] = ("predicted_loss", "logits")
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        names = self.layers if isinstance(self.layers, tuple | list) else ()
        if not names or not all(isinstance(name, str) for name in names):
            raise ArgumentError(f"layers must be one or more names, got {self.layers!r:.80}.")
        settings_of(self, LossSettings)
        settings_of(self, TrainingSettings)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedHeads:
        """The trained classifier and its loss prediction; pool and labeled set are unchanged."""
        answers = labeled.known_subset(pool.items)
        first = answers.indices[:1] if len(answers) else np.zeros(1, np.int64)
        example = inputs_of(pool, first, self.factory, progress=False)  # tells the maps' widths
        example = example if example.is_floating_point() else example.float()
        settings = settings_of(self, LossSettings)
        steps = settings.joint_steps(self.epochs, batches_of(len(answers), self.batch_size))
        fitted = fit_network(
            pool,
            answers,
            labeled.num_classes,
            factory=partial(self._network, x=example, joint_steps=steps),
            names={"logits": "logits"},
            loss=partial(joint_loss, margin=self.margin, weight=self.weight),
            settings=replace(settings_of(self, TrainingSettings), lr=self._rate(len(answers))),
            device=self.device,
            seed=seed,
            progress=progress,
        )
        return FittedHeads(fitted, loss_heads(labeled.num_classes))

    def _rate(self, answers: int) -> float:
        """`lr` is for whole batches; on few answers, which are one small batch, it diverges."""
        return self.lr * min(1.0, max(1, answers) / self.batch_size)

    def _network(self, num_outputs: int, *, x: Tensor, joint_steps: int) -> nn.Module:
        network = new_network(self.factory, num_outputs)
        return LossPredictingNetwork(network, self.layers, x, joint_steps, self.width)


def loss_heads(num_classes: int) -> dict[str, Head]:
    """Of K + 1 outputs: `predicted_loss`, one number and the last, and the K-way `logits`."""
    return {"predicted_loss": Head(num_classes, ()), "logits": Head(0, (num_classes,))}


@dataclass(frozen=True)
class EmbeddingLossPredictor:
    """Learns the K classes from the known answers, on embeddings, and how wrong it is on each.

    Offers `predicted_loss` [N], whose order alone means something, and the classifier's `logits`
    [N, K]. The classifier has one layer of `hidden` rectified units; a `LossPrediction` of `width`
    units each reads the centered and scaled embeddings and these units. Both are trained from
    scratch by at least `steps` steps of SGD on cross-entropy plus `weight` times
    `functional.ranking_loss`; after `joint_share` of the epochs the gradient of the predicted
    loss no longer reaches the classifier. About a second for a thousand answers.

    Before any known answer all is equal for all items. `device=None`: where the embeddings are.

    Args:
        hidden: hidden units; None: a linear layer.
        width: units of each layer of the additional network.
        margin: by how much predicted losses should differ.
        weight: of the ranking loss beside the cross-entropy.
        joint_share: of the epochs, after which the predicted loss no longer moves the
            classifier.
        steps: steps of the optimizer at most (L-BFGS), or at least (SGD).
        batch_size: items in a batch; None: 32 on a CPU, 256 on a GPU.
        lr: the learning rate at the start.
        weight_decay: the weight of half the squared weights in the loss.
        embeddings: the name of the signal [N, D] that is read.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.

    Reference: Yoo and Kweon, "Learning Loss for Active Learning", CVPR 2019, who read the feature
    maps of a network on images; `LossPredictor` does.
    """

    cites = ("yoo2019learning",)

    hidden: int = 256
    width: int = 128
    margin: float = 1.0
    weight: float = 1.0
    joint_share: float = 0.6
    steps: int = 200
    batch_size: int = 64
    lr: float = 0.03
    weight_decay: float = 5e-4
    embeddings: str = signal("embeddings")
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = ("predicted_loss", "logits")

    def __post_init__(self) -> None:
        as_count(self.hidden, "hidden", minimum=1)
        settings_of(self, LossSettings)
        settings_of(self, StepSettings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedHeads:
        """The trained classifier and its loss prediction; pool and labeled set are unchanged."""
        settings = settings_of(self, StepSettings)
        epochs, batches = epochs_of(len(labeled.known_indices), settings)
        steps = settings_of(self, LossSettings).joint_steps(epochs, batches)
        network = fit_network_on(
            pool,
            self.embeddings,
            labeled,
            partial(self._network, num_outputs=labeled.num_classes, joint_steps=steps),
            loss=partial(joint_loss, margin=self.margin, weight=self.weight),
            settings=settings,
            device=self.device,
            seed=seed,
            progress=progress,
        )
        outputs = partial(_outputs, network=network)
        untrained = len(labeled.known_indices) == 0
        fitted = FittedOnEmbeddings(outputs, ("logits",), self.embeddings, self.device, untrained)
        return FittedHeads(fitted, loss_heads(labeled.num_classes))

    def _network(self, embeddings: Tensor, *, num_outputs: int, joint_steps: int) -> nn.Module:
        network = hidden_network(embeddings, num_outputs, hidden=self.hidden, dropout=0)
        one = torch.zeros(1, embeddings.shape[1], dtype=torch.float32, device="cpu")
        layers = ("scaled", "hidden")
        return LossPredictingNetwork(network.cpu(), layers, one, joint_steps, self.width)


def _outputs(z: Tensor, network: nn.Module) -> dict[str, Tensor]:
    return {"logits": network(z.to(next(network.parameters())))}
