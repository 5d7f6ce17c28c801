"""The task network on images with dropout, and samples of it."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

from torch import nn

from openal.checks import as_count, as_number
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners.classifier import Classifier
from openal.learners.fitted_network import new_network
from openal.learners.mc_dropout import MCDropout
from openal.pool import Pool

__all__ = ["DropoutClassifier"]


@dataclass(frozen=True)
class DropoutClassifier:
    """Learns the K classes from the known answers, on the items themselves, with dropout.

    Offers `mc_logits` [N, T, K]: `samples` passes of the trained network as `MCDropout` makes
    them, with masks that the seed of the query decides. `classifier` says how it is trained; with
    its default network, `cifar_resnet18`, a share `p` of the features is dropped before the last
    layer. Another `Classifier(factory=...)` brings its own dropout modules. Before any known
    answer the network is as initialized by the seed.
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
