"""Trains EOAL's network: two optimizers, and unknown answers that are clustered again and again."""

from functools import partial

import torch
from torch import Tensor
from torch.optim import SGD
from torch.optim.lr_scheduler import StepLR

from openal.forward import device_of, inference_mode_of
from openal.learners.entropic import Clusters, EntropicLoss, EntropicNetwork, Outputs
from openal.learners.network_training import (
    TrainingSettings,
    descent,
    epochs,
    repeatable_kernels,
)

__all__ = ["train_entropic"]


def train_entropic(
    network: EntropicNetwork,
    inputs: Tensor,
    labels: Tensor,
    *,
    loss: EntropicLoss,
    settings: TrainingSettings,
    seed: int,
    progress: bool | None,
) -> None:
    """Trains the network in place on inputs [m, ...] and labels [m] in 0..K, m > 0.

    The steps of the detector shrink every `step_size` epochs; those of the heads, which have
    Nesterov's momentum, do not. The unknown are clustered before the first epoch and every
    `recluster_every` epochs after, by their features without augmentation.
    """
    optimizers = _optimizers(network, settings)
    schedule = StepLR(optimizers[0], settings.step_size, settings.gamma)
    step = descent(network, optimizers, partial(_loss_of, loss=loss), settings.amp)
    unknown = (labels == network.num_classes).nonzero()[:, 0]
    clusters: Clusters | None = None
    network.train()
    with repeatable_kernels():
        for epoch, batches in enumerate(epochs(inputs, settings, seed, progress)):
            if len(unknown) and epoch % loss.recluster_every == 0:
                features = _features(network, inputs, unknown, settings.batch_size)
                clusters = loss.clusters(features, unknown, network.num_classes, len(labels))
            for x, rows in batches:
                step(x, labels[rows], rows, clusters)
            schedule.step()
    network.eval()


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
    with inference_mode_of(network):
        batches = rows.to(inputs.device).split(batch_size)
        return torch.cat([network(inputs[batch].to(device)).features for batch in batches])
