"""The task network, on images or on frozen embeddings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from openal._checks import as_number
from openal._items import AnsweredSubset
from openal.functional.losses import outlier_exposure_loss, weighted_cross_entropy
from openal.labeled import LabeledSet
from openal.learners._layers import LayerSettings
from openal.learners._on_embeddings import FittedOnEmbeddings, fit_embeddings
from openal.learners._on_images import Factory, FittedNetwork, fit_network
from openal.learners._settings import settings_of
from openal.learners._sgd import Augmentation, Schedule, TrainingSettings
from openal.learners.networks import CropFlip
from openal.parts import signal
from openal.pool import Pool

__all__ = ["Classifier", "EmbeddingClassifier"]


@dataclass(frozen=True)
class Classifier:
    """Learns the K classes from the known answers, on the items themselves.

    Offers `logits` [N, K] and `features`. `factory(num_outputs)` makes a new network for the
    items, `cifar_resnet18` by default; it returns what `query(..., model=...)` accepts. It is
    trained from scratch by SGD with plain cross-entropy, and the learning rate `lr` is multiplied
    by `gamma` every `step_size` epochs. The answered items are read once and held in memory;
    `augment(x, generator)` varies each batch on its device. A pool is scored without
    augmentation. Before any known answer the logits are equal.

    The default network reads images of any range: integers, and floats whose root mean square is
    above 10, are standardized by the mean and deviation of each channel over the answered images.
    One of yours reads the items as they are; where it does not learn from such items, it is made
    and trained again on standardized ones, with a warning. What it draws, the seed decides: first
    weights, dropout and other random operations of torch.

    `device=None`: a GPU if there is one, else the CPU. `amp=None`: mixed precision on a GPU.
    `milestones=(0.5, 0.75)` multiplies the learning rate by `gamma` after these shares of the
    epochs instead; `steps_per_epoch=100` makes an epoch of so many batches, each drawn with
    replacement. Both are the protocol of the public OpenAL framework, and so of CLIPNAL.

    The settings are those of LfOSA's authors' code, except that its augmentation also rotates by
    up to 15 degrees.

    With `exposure` it learns from UNKNOWN answers too, for which it is to predict all classes
    alike (outlier exposure): known and unknown then differ in their energy.

    Args:
        factory: `factory(num_outputs)` makes the network; None: `cifar_resnet18`.
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
        exposure: what UNKNOWN answers count beside known ones, at least 0; 0.5 in Joda.
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
    milestones: tuple[float, ...] = ()
    steps_per_epoch: int | None = None
    schedule: Schedule = "steps"
    exposure: float = 0.0

    offers: ClassVar[tuple[str, ...]] = ("logits", "features")
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        settings_of(self, TrainingSettings)
        as_number(self.exposure, "exposure", minimum=0)

    @property
    def cites(self) -> tuple[str, ...]:
        """Outlier exposure, where there is any."""
        return ("hendrycks2019deep",) if self.exposure else ()

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedNetwork:
        """The trained classifier; neither the pool nor the labeled set is changed."""
        return fit_network(
            pool,
            _answers(labeled, pool.items, self.exposure),
            labeled.num_classes,
            factory=self.factory,
            names={"logits": "logits", "features": "features"},
            loss=_loss(self.exposure),
            settings=settings_of(self, TrainingSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )


@dataclass(frozen=True)
class EmbeddingClassifier:
    """Learns the K classes from the known answers, on frozen embeddings: logistic regression.

    Offers `logits` [N, K] and `features`. With `hidden` it has one layer of that many rectified
    units; features are these units, or else the embeddings centered and scaled. It is fitted from
    scratch, by L-BFGS on all known answers at once; without hidden units the seed decides nothing.

    Before any known answer the logits are equal for all items; a class that
    nobody answered yet gets low and finite logits. `device=None`: where the embeddings are.

    With `exposure` it learns from UNKNOWN answers too, for which it is to predict all classes
    alike (outlier exposure).

    Args:
        hidden: hidden units; None: a linear layer.
        weight_decay: the weight of half the squared weights in the loss.
        steps: steps of the optimizer at most (L-BFGS), or at least (SGD).
        embeddings: the name of the signal [N, D] that is read.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.
        exposure: what UNKNOWN answers count beside known ones, at least 0; 0.5 in Joda.
    """

    hidden: int | None = None
    weight_decay: float = 0.03
    steps: int = 100
    embeddings: str = signal("embeddings")
    device: str | torch.device | None = None
    exposure: float = 0.0

    def __post_init__(self) -> None:
        settings_of(self, LayerSettings)
        as_number(self.exposure, "exposure", minimum=0)

    @property
    def cites(self) -> tuple[str, ...]:
        """Outlier exposure, where there is any."""
        return ("hendrycks2019deep",) if self.exposure else ()

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute once trained."""
        return ("logits", "features")

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained classifier; neither the pool nor the labeled set is changed."""
        return fit_embeddings(
            pool,
            self.embeddings,
            _answers(labeled, range(labeled.size), self.exposure),
            labeled.num_classes,
            names={"logits": "logits", "features": "features"},
            loss=_loss(self.exposure),
            settings=settings_of(self, LayerSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )


def _answers(labeled: LabeledSet, items: Any, exposure: float) -> AnsweredSubset:
    """The known answers; with exposure the UNKNOWN ones too, as class K, once a class is known."""
    exposed = exposure > 0 and len(labeled.known_indices) > 0
    return labeled.detector_subset(items) if exposed else labeled.known_subset(items)


def _loss(exposure: float) -> Callable[[Tensor, Tensor], Tensor]:
    return partial(outlier_exposure_loss, weight=exposure) if exposure else weighted_cross_entropy
