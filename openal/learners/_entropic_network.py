"""EOAL's network and its training: a detector, binary heads, and clusters of the unknown."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.optim import SGD
from torch.optim.lr_scheduler import StepLR

from openal._batches import device_of
from openal._checks import as_count, as_number
from openal._evaluation import evaluated, evaluating_own, unwrapped
from openal._logits_layer import calls_of
from openal.errors import ModelError
from openal.functional._entropic_losses import cluster_loss, known_head_loss, unknown_head_loss
from openal.functional.finch import cluster_means, finch_clusters
from openal.functional.losses import weighted_cross_entropy
from openal.learners._health import Failure, dead, diverged
from openal.learners._sgd import (
    TrainingSettings,
    descent,
    epochs,
    repeatable_kernels,
)
from openal.model import Pass, named_outputs

__all__ = [
    "SIGNALS",
    "Clusters",
    "EntropicLoss",
    "EntropicNetwork",
    "Outputs",
    "binary_heads",
    "train_entropic",
]

SIGNALS = ("detector_features", "detector_logits", "head_logits")


class Outputs(NamedTuple):
    """What the network says of a batch."""

    logits: Tensor  # [B, K + 1]
    head_logits: Tensor  # [B, 2, K]: no and yes
    features: Tensor  # [B, d]


class Clusters(NamedTuple):
    """The clusters of the unknown answers."""

    owners: Tensor  # [m] int64: of each answer; 0 for known ones
    centers: Tensor  # [C, d]

    def at(self, rows: Tensor) -> "Clusters":
        """The same of some answers."""
        return Clusters(self.owners[rows], self.centers)


@dataclass(frozen=True)
class EntropicLoss:
    """What the network is trained to make small, and how often the unknown are clustered."""

    temperature: float
    alpha: float
    reg_w: float
    n_unknown_clusters: int | None
    recluster_every: int

    def __post_init__(self) -> None:
        as_number(self.temperature, "temperature", above=0)
        as_number(self.alpha, "alpha", minimum=0, maximum=1)
        as_number(self.reg_w, "reg_w", minimum=0)
        if self.n_unknown_clusters is not None:
            as_count(self.n_unknown_clusters, "n_unknown_clusters", minimum=1)
        as_count(self.recluster_every, "recluster_every", minimum=1)

    def __call__(self, found: Outputs, labels: Tensor, clusters: Clusters | None) -> Tensor:
        """The loss [] of a batch with labels [B] in 0..K; no clusters: no answer is UNKNOWN."""
        unknown = labels == found.head_logits.shape[2]
        heads = known_head_loss(found.head_logits[~unknown], labels[~unknown])
        loss = weighted_cross_entropy(found.logits, labels, temperature=self.temperature)
        if clusters is None:
            return loss + heads
        undecided = unknown_head_loss(found.head_logits[unknown])
        near = cluster_loss(found.features[unknown], clusters.owners[unknown], clusters.centers)
        return loss + (1 - self.alpha) * heads + self.alpha * undecided + self.reg_w * near

    def clusters(self, features: Tensor, unknown: Tensor, num_classes: int, size: int) -> Clusters:
        """The clusters of the features [u, d] of the unknown rows [u] of `size` answers."""
        found = finch_clusters(features, self.n_unknown_clusters or num_classes)
        owners = torch.zeros(size, dtype=torch.int64, device=features.device)
        owners[unknown.to(owners.device)] = found
        return Clusters(owners, cluster_means(features, found))


class EntropicNetwork(nn.Module):
    """A network with K + 1 outputs, and K binary heads without bias on its features."""

    def __init__(self, network: nn.Module, example: Tensor) -> None:
        """`example` [1, ...] is an input; it tells the number of features and of classes."""
        super().__init__()
        self.network, self.layer = network, _logits_layer(network, example)
        with evaluating_own(network):
            logits, features = self._with_features(example)
        self.num_classes = logits.shape[1] - 1
        size = features.shape[1], 2 * self.num_classes
        self.heads = nn.Linear(*size, bias=False, device="cpu", dtype=features.dtype)
        self.heads.to(features.device)

    def forward(self, x: Tensor) -> Outputs:
        """The outputs for a batch [B, ...], at least in single precision."""
        logits, features = self._with_features(x)
        wide = torch.promote_types(logits.dtype, torch.float32)
        heads = binary_heads(features, self.heads.weight)
        return Outputs(logits.to(wide), heads.to(wide), features.to(wide))

    def _with_features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the features that the network gives or its layer of logits reads."""
        named = dict(unwrapped(self.network).named_modules())
        with calls_of({} if self.layer is None else {self.layer: named[self.layer]}) as calls:
            output = named_outputs(self.network(x))
        features = output["features"] if self.layer is None else calls[-1].features
        return output["logits"], features


def binary_heads(features: Tensor, weight: Tensor) -> Tensor:
    """The outputs [n, 2, K] of binary heads [2 K, d] on features [n, d]."""
    heads: Tensor = linear(features, weight).unflatten(1, (2, len(weight) // 2))
    return heads


def _logits_layer(network: nn.Module, x: Tensor) -> str | None:
    """The name of the layer that makes the logits; None where the network returns features."""
    with evaluated(network) as copy:
        passes = Pass(copy.call, copy.named_modules())
        found = passes(x)
    if "features" not in found:
        raise ModelError(
            "the network must return (logits, features), or end in a torch.nn.Linear whose input "
            "can be read: binary heads stand on its features."
        )
    return next(iter(passes.modules), None)


def train_entropic(
    network: EntropicNetwork,
    inputs: Tensor,
    labels: Tensor,
    *,
    loss: EntropicLoss,
    settings: TrainingSettings,
    seed: int,
    progress: bool | None,
) -> Failure | None:
    """Trains the network in place on inputs [m, ...] and labels [m] in 0..K, m > 0.

    The steps of the detector shrink every `step_size` epochs; those of the heads, which have
    Nesterov's momentum, do not. The unknown are clustered before the first epoch and every
    `recluster_every` epochs after, by their features without augmentation.
    """
    optimizers = _optimizers(network, settings)
    schedule = StepLR(optimizers[0], settings.step_size, settings.gamma)
    step = descent(network, optimizers, partial(_loss_of, loss=loss), settings.amp, seed)
    unknown = (labels == network.num_classes).nonzero()[:, 0]
    clusters: Clusters | None = None
    network.train()
    with repeatable_kernels():
        for epoch, batches in enumerate(epochs(inputs, settings, seed, progress)):
            if len(unknown) and epoch % loss.recluster_every == 0:
                features = _features(network, inputs, unknown, settings.batch_size)
                clusters = loss.clusters(features, unknown, network.num_classes, len(labels))
            losses = [step(x, labels[rows], rows, clusters) for x, rows in batches]
            if not torch.stack(losses).isfinite().all():
                return diverged(epoch, inputs, settings.lr)
            schedule.step()
    network.eval()
    return dead(network, inputs, settings.lr)


def _loss_of(
    found: Outputs, labels: Tensor, rows: Tensor, clusters: Clusters | None, loss: EntropicLoss
) -> Tensor:
    device = found.logits.device
    own = None if clusters is None else clusters.at(rows.to(device))
    return loss(found, labels.to(device), own)


def _optimizers(network: EntropicNetwork, settings: TrainingSettings) -> tuple[SGD, SGD]:
    """One for the detector and one for the heads."""
    lr, momentum, decay = settings.lr, settings.momentum, settings.weight_decay
    return (
        SGD(network.network.parameters(), lr, momentum, weight_decay=decay),
        SGD(network.heads.parameters(), lr, momentum, weight_decay=decay, nesterov=momentum > 0),
    )


def _features(network: EntropicNetwork, inputs: Tensor, rows: Tensor, batch_size: int) -> Tensor:
    """The features [u, d] of some inputs, as the network gives them when it is not trained."""
    device = device_of(network)
    with evaluating_own(network):
        batches = rows.to(inputs.device).split(batch_size)
        return torch.cat([network(inputs[batch].to(device)).features for batch in batches])
