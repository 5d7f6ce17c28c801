"""A classifier and K yes-or-no heads, on images or on frozen embeddings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot, softplus

from openal.labeled import LabeledSet
from openal.learners._heads import FittedHeads, Head
from openal.learners._layers import LayerSettings
from openal.learners._on_embeddings import fit_embeddings
from openal.learners._on_images import Factory, fit_network
from openal.learners._settings import settings_of
from openal.learners._sgd import Augmentation, TrainingSettings
from openal.learners.networks import CropFlip
from openal.parts import signal
from openal.pool import Pool

__all__ = ["EmbeddingOneVsAll", "OneVsAll", "yes_or_no_heads", "yes_or_no_loss"]


def yes_or_no_heads(num_classes: int) -> dict[str, Head]:
    """Of 3 K outputs: the K-way `logits`, and `head_logits` [2, K], "not class k" and "class k"."""
    k = num_classes
    return {"logits": Head(0, (k,)), "head_logits": Head(k, (2, k))}


def yes_or_no_loss(num_classes: int) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of (outputs [m, 3 K], labels [m] in 0..K, K for unknown).

    The classifier's cross-entropy, a mean over the known items, and the heads' mean over all: the
    own head shall say yes and the others no, on average over these; for an unknown item all say
    no. Half of a known item's weight is its own head's.

    OVANet (Saito and Saenko, 2021) takes the hardest of the other heads instead of their mean;
    with the mean a linear layer has one smooth, convex problem to solve.
    """
    return partial(_loss, heads=yes_or_no_heads(num_classes), num_classes=num_classes)


def _loss(outputs: Tensor, labels: Tensor, heads: dict[str, Head], num_classes: int) -> Tensor:
    known = labels < num_classes
    pairs = heads["head_logits"].of(outputs)
    yes = pairs[:, 1] - pairs[:, 0]
    own = one_hot(labels, num_classes + 1)[:, :num_classes].bool()
    others = torch.where(own, 0.0, softplus(yes)).sum(dim=1) / (~own).sum(dim=1).clamp(min=1)
    binary = (torch.where(own, softplus(-yes), 0.0).sum(dim=1) + others).mean()
    if not known.any():
        return binary
    return binary + cross_entropy(heads["logits"].of(outputs)[known], labels[known])


@dataclass(frozen=True)
class OneVsAll:
    """Learns the K classes and, for each, a head that says yes or no, on the items themselves.

    Offers `logits` [N, K] and `head_logits` [N, 2, K]: "not class k" and "class k". One network
    of 3 K outputs, made by `factory(3 * K)` and trained as `Detector` trains its own, whose
    settings these are; `EmbeddingOneVsAll` says what the answers teach. Before any answer the
    logits are equal for all items. The default network standardizes images of whole
    numbers, or whose root mean square is above 10; one of yours reads standardized items only
    where it does not learn from others: see `Classifier`.

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

    Reference: Yang et al., NeurIPS 2023 (PAL), which trains on unlabeled images, too.
    """

    cites = ("yang2023not",)

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


@dataclass(frozen=True)
class EmbeddingOneVsAll:
    """Learns the K classes and, for each, a head that says yes or no, on frozen embeddings.

    Offers `logits` [N, K] and `head_logits` [N, 2, K]: "not class k" and "class k". Known answers
    teach both, UNKNOWN ones teach all heads to say no. A linear layer, or one of `hidden`
    rectified units before it, which classifier and heads then share; fitted by L-BFGS on all
    answers at once. Without hidden units the seed decides nothing.

    Before any answer the logits are equal for all items; a class that nobody
    answered yet has a head that says no. `device=None`: where the embeddings are.

    Args:
        hidden: hidden units; None: a linear layer.
        weight_decay: the weight of half the squared weights in the loss.
        steps: steps of the optimizer at most (L-BFGS), or at least (SGD).
        embeddings: the name of the signal [N, D] that is read.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.

    Reference: Yang et al., NeurIPS 2023 (PAL), with the heads of Saito and Saenko, "OVANet",
    ICCV 2021. `OneVsAll` does the same on the items themselves.
    """

    cites = ("yang2023not", "saito2021ovanet")

    hidden: int | None = None
    weight_decay: float = 0.03
    steps: int = 100
    embeddings: str = signal("embeddings")
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
