"""A K + 1 detector on images: the network that LfOSA and JSOSAL train."""

from dataclasses import dataclass, field
from typing import ClassVar

import torch

from openal.labeled import LabeledSet
from openal.learners.crop_flip import CropFlip
from openal.learners.detection import Detection
from openal.learners.fitted_network import Factory, FittedNetwork, fit_network
from openal.learners.network_training import Augmentation, TrainingSettings
from openal.learners.settings import settings_of
from openal.pool import Pool

__all__ = ["Detector"]


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
    is scored without augmentation. Before any answer the network is as initialized by the seed.

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

    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        settings_of(self, Detection)
        settings_of(self, TrainingSettings)

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
            loss=detection.loss(answers.classes, outputs),
            settings=settings_of(self, TrainingSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
