"""A K + 1 detector, on images (LfOSA, JSOSAL) or on frozen embeddings."""

from dataclasses import dataclass, field
from typing import ClassVar

import torch

from openal.labeled import LabeledSet
from openal.learners._detection import Detection
from openal.learners._layers import LayerSettings
from openal.learners._on_embeddings import FittedOnEmbeddings, fit_embeddings
from openal.learners._on_images import Factory, FittedNetwork, fit_network
from openal.learners._settings import settings_of
from openal.learners._sgd import Augmentation, Schedule, TrainingSettings
from openal.learners.networks import CropFlip
from openal.parts import signal
from openal.pool import Pool

__all__ = ["Detector", "EmbeddingDetector"]


@dataclass(frozen=True)
class Detector:
    """Learns from all answers, on the items themselves, which of the K classes each is, or none.

    Offers `detector_logits` [N, K + 1], the last for unknown, and `detector_features`; with
    `binary` only `binary_logits` [N, 2], known and unknown. Logits are raw: the `temperature`
    divides them in the loss and nowhere else. `use_invalid=False` learns from known answers only;
    `class_weights` makes rare classes count as much as frequent ones, at most `max_weight_ratio`
    times the least weight. `energy_margin=(-25, -7)` also asks for the energy of known items to be
    below the first and of unknown items to be above the second number: `energy_margin_loss`, which
    counts 0.01 times (EAOA, at temperature 1).

    `factory(num_outputs)` makes a new network for the items, `cifar_resnet18` by default; it
    returns what `query(..., model=...)` accepts. It is trained from scratch by SGD, and the
    learning rate `lr` is multiplied by `gamma` every `step_size` epochs. The answered items are
    read once and held in memory; `augment(x, generator)` varies each batch on its device. A pool
    is scored without augmentation. Before any answer all logits are equal. The default network
    standardizes images of whole numbers, or whose root mean square is above 10; one of yours reads
    standardized items only where it does not learn from others: see `Classifier`.

    `device=None`: a GPU if there is one, else the CPU. `amp=None`: mixed precision on a GPU.
    `milestones=(0.5, 0.75)` multiplies the learning rate by `gamma` after these shares of the
    epochs instead; `steps_per_epoch=100` makes an epoch of so many batches, each drawn with
    replacement. Both are the protocol of the public OpenAL framework, and so of CLIPNAL.

    The settings are those of LfOSA's authors' code, except that its augmentation also rotates by
    up to 15 degrees; JSOSAL has weight_decay=1e-3.

    References: Ning et al., "Active Learning for Open-set Annotation" (LfOSA), CVPR 2022;
    Zhang et al., "Joint Sampling for Open-Set Active Learning" (JSOSAL); Zong and Huang,
    "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set Annotation" (EAOA),
    CVPR 2025.

    Args:
        factory: `factory(num_outputs)` makes the network; None: `cifar_resnet18`.
        temperature: what divides the logits in the loss.
        binary: known against unknown, two outputs, instead of K + 1.
        use_invalid: whether UNKNOWN answers are learned from.
        class_weights: whether classes count inversely to their size.
        max_weight_ratio: the most a class counts, in units of the least; None: no limit.
        energy_margin: two energies (known, unknown) that items should be below and above;
            or None.
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
        milestones: shares of the training at which the rate falls instead, ascending.
        steps_per_epoch: batches that make an epoch; None: as many as there are.
        schedule: "steps", as above; "cosine", the rate falls to 0 along half a cosine; or
            "one_cycle", it rises to `lr` in the first 30 % of the batches, then falls (Smith).
    """

    factory: Factory | None = None
    temperature: float = 0.5
    binary: bool = False
    use_invalid: bool = True
    class_weights: bool = False
    max_weight_ratio: float | None = None
    energy_margin: tuple[float, float] | None = None
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
    milestones: tuple[float, ...] = ()
    steps_per_epoch: int | None = None
    schedule: Schedule = "steps"

    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        settings_of(self, Detection)
        settings_of(self, TrainingSettings)

    @property
    def cites(self) -> tuple[str, ...]:
        """LfOSA, and where their settings are used JSOSAL and EAOA."""
        return settings_of(self, Detection).cites

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute once trained."""
        return tuple(settings_of(self, Detection).names)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedNetwork:
        """The trained detector; neither the pool nor the labeled set is changed."""
        detection = settings_of(self, Detection)
        answers = detection.answers(labeled, pool.items)
        outputs = detection.num_outputs(labeled.num_classes)
        return fit_network(
            pool,
            answers,
            outputs,
            factory=self.factory,
            names=detection.names,
            loss=detection.loss(answers.targets, outputs),
            settings=settings_of(self, TrainingSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )


@dataclass(frozen=True)
class EmbeddingDetector:
    """Learns from all answers, on frozen embeddings, which of the K classes an item is, or none.

    Offers `detector_logits` [N, K + 1], the last for unknown, and `detector_features`; with
    `binary` only `binary_logits` [N, 2], known and unknown. Logits are raw: the `temperature`
    divides them in the loss and nowhere else, which keeps them small. `use_invalid=False` learns
    from known answers only; `class_weights` makes rare classes count as much as frequent ones,
    at most `max_weight_ratio` times the least weight. `energy_margin=(-25, -7)` also asks for the
    energy of known items to be below the first and of unknown items to be above the second
    number: `energy_margin_loss`, which counts 0.01 times (EAOA, at temperature 1). Energies then
    tell known from unknown a little better, and the largest of the K + 1 logits tells worse. At
    the usual weight decay the known reach about three quarters of their bound; 0.003 lets them
    reach it.

    A linear layer, or one of `hidden` rectified units before it; features are these units, or
    the embeddings centered and scaled. It is fitted from scratch, by L-BFGS on all answers at
    once: a fraction of a second for a thousand. Without hidden units the seed decides nothing.
    `weight_decay` is the one knob: less of it gives surer logits.

    Before any answer all logits are equal; a class, or unknown, that nobody answered yet gets low
    and finite logits. Their softmax is far too sure of unseen items: `CalibratedDetector`.
    `device=None`: where the embeddings are.

    References: Ning et al., "Active Learning for Open-set Annotation" (LfOSA), CVPR 2022;
    Zhang et al., "Joint Sampling for Open-Set Active Learning" (JSOSAL); Zong and Huang,
    "Rethinking Epistemic and Aleatoric Uncertainty for Active Open-Set Annotation" (EAOA), CVPR
    2025. All train a network on images; `Detector` does.

    Args:
        temperature: what divides the logits in the loss.
        hidden: hidden units; None: a linear layer.
        binary: known against unknown, two outputs, instead of K + 1.
        use_invalid: whether UNKNOWN answers are learned from.
        class_weights: whether classes count inversely to their size.
        max_weight_ratio: the most a class counts, in units of the least; None: no limit.
        energy_margin: two energies (known, unknown) that items should be below and above;
            or None.
        weight_decay: the weight of half the squared weights in the loss.
        steps: steps of the optimizer at most (L-BFGS), or at least (SGD).
        embeddings: the name of the signal [N, D] that is read.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.
    """

    temperature: float = 0.5
    hidden: int | None = None
    binary: bool = False
    use_invalid: bool = True
    class_weights: bool = False
    max_weight_ratio: float | None = None
    energy_margin: tuple[float, float] | None = None
    weight_decay: float = 0.03
    steps: int = 100
    embeddings: str = signal("embeddings")
    device: str | torch.device | None = None

    def __post_init__(self) -> None:
        settings_of(self, Detection)
        settings_of(self, LayerSettings)

    @property
    def cites(self) -> tuple[str, ...]:
        """LfOSA, and where their settings are used JSOSAL and EAOA."""
        return settings_of(self, Detection).cites

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute once trained."""
        return tuple(settings_of(self, Detection).names)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained detector; neither the pool nor the labeled set is changed."""
        detection = settings_of(self, Detection)
        answers = detection.answers(labeled, range(labeled.size))
        outputs = detection.num_outputs(labeled.num_classes)
        return fit_embeddings(
            pool,
            self.embeddings,
            answers,
            outputs,
            names=detection.names,
            loss=detection.loss(answers.targets, outputs),
            settings=settings_of(self, LayerSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
