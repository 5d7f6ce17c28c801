"""Monte-Carlo dropout of a task network, on images or on frozen embeddings."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from openal._checks import as_count, as_number
from openal.errors import ArgumentError
from openal.functional.losses import weighted_cross_entropy
from openal.labeled import LabeledSet
from openal.learners._on_embeddings import FittedOnEmbeddings
from openal.learners._on_images import new_network
from openal.learners._settings import settings_of
from openal.learners._small_network import StepSettings, fit_network_on, hidden_network
from openal.learners.classifier import Classifier
from openal.learners.mc_dropout import MCDropout, sampled_logits
from openal.parts import signal
from openal.pool import Pool

__all__ = ["DropoutClassifier", "EmbeddingDropout"]


@dataclass(frozen=True)
class EmbeddingDropout:
    """Learns the K classes from the known answers, on frozen embeddings, with dropout.

    Offers `mc_logits` [N, T, K]. One layer of `hidden` rectified units, of which a share `p` is
    dropped in training and in the `samples` passes of the trained network: sample t drops the
    same units for all items, and so is a network, decided by the seed of the query. It is trained
    from scratch by at least `steps` steps of SGD, less than a second for a thousand answers.

    Before any known answer all logits are equal. `device=None`: where the embeddings are.

    Args:
        samples: T, passes with other units dropped.
        p: the share of units that is dropped, in (0, 1).
        hidden: hidden units; None: a linear layer.
        steps: steps of the optimizer at most (L-BFGS), or at least (SGD).
        batch_size: items in a batch; None: 32 on a CPU, 256 on a GPU.
        lr: the learning rate at the start.
        weight_decay: the weight of half the squared weights in the loss.
        embeddings: the name of the signal [N, D] that is read.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.

    Reference: Gal and Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016. They drop
    before every layer; here the embeddings stay whole, which the encoder has not learned to miss.
    """

    cites = ("gal2016dropout",)

    samples: int = 10
    p: float = 0.5
    hidden: int = 256
    steps: int = 200
    batch_size: int = 64
    lr: float = 0.03
    weight_decay: float = 5e-4
    embeddings: str = signal("embeddings")
    device: str | torch.device | None = None

    offers: ClassVar[tuple[str, ...]] = ("mc_logits",)

    def __post_init__(self) -> None:
        as_count(self.samples, "samples", minimum=1)
        as_count(self.hidden, "hidden", minimum=1)
        as_number(self.p, "p", above=0, below=1)
        settings_of(self, StepSettings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> FittedOnEmbeddings:
        """The trained network; neither the pool nor the labeled set is changed."""
        make = partial(
            hidden_network, num_outputs=labeled.num_classes, hidden=self.hidden, dropout=self.p
        )
        network = fit_network_on(
            pool,
            self.embeddings,
            labeled,
            make,
            loss=weighted_cross_entropy,
            settings=settings_of(self, StepSettings),
            device=self.device,
            seed=seed,
            progress=progress,
        )
        sampled, untrained = (
            SampledNetwork(network, self.samples, seed),
            not len(labeled.known_indices),
        )
        return FittedOnEmbeddings(sampled, self.offers, self.embeddings, self.device, untrained)


@dataclass(frozen=True, eq=False)
class SampledNetwork:
    """A hidden layer on embeddings, and samples of what follows it."""

    network: Any  # with modules `scaled`, `hidden`, `dropout` and `output`
    samples: int
    seed: int

    def __call__(self, z: Tensor) -> dict[str, Tensor]:
        """`mc_logits` [n, T, K] of embeddings [n, D]."""
        network = self.network
        units = network.hidden(network.scaled(z.to(network.scaled.center)))
        head = nn.Sequential(network.dropout, network.output)  # only what follows is sampled
        sampled = sampled_logits(head, [network.dropout], units, self.samples, self.seed)
        return {"mc_logits": sampled}


@dataclass(frozen=True)
class DropoutClassifier:
    """Learns the K classes from the known answers, on the items themselves, with dropout.

    Offers `mc_logits` [N, T, K]: `samples` passes of the trained network as `MCDropout` makes
    them, with masks that the seed of the query decides. `classifier` says how it is trained; with
    its default network, `cifar_resnet18`, a share `p` of the features is dropped before the last
    layer. Another `Classifier(factory=...)` brings its own dropout modules. Before any known
    answer the network is as initialized by the seed.

    Args:
        samples: T, passes with other units dropped.
        p: the share of units that is dropped, in (0, 1).
        classifier: how the network is trained.
    """

    samples: int = 10
    p: float = 0.5
    classifier: Classifier = field(default_factory=Classifier)

    offers: ClassVar[tuple[str, ...]] = ("mc_logits",)
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        as_count(self.samples, "samples", minimum=1)
        as_number(self.p, "p", above=0, below=1)
        if not isinstance(self.classifier, Classifier):
            raise ArgumentError(f"classifier must be a Classifier, got {self.classifier!r:.80}.")

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> MCDropout:
        """The trained classifier; neither the pool nor the labeled set is changed."""
        classifier = self.classifier
        if classifier.factory is None:
            classifier = replace(classifier, factory=partial(dropout_resnet18, p=self.p))
        fitted = classifier.fit(pool, labeled, seed=seed, progress=progress)
        return MCDropout(fitted.network, self.samples, seed)


def dropout_resnet18(num_outputs: int, *, p: float) -> nn.Module:
    """`cifar_resnet18` with dropout before its last layer."""
    network: Any = new_network(None, num_outputs)
    network.fc = nn.Sequential(nn.Dropout(p), network.fc)
    made: nn.Module = network
    return made
