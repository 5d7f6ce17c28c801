"""Trains EOAL's network: two optimizers, and unknown answers that are clustered again and again."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import StepLR
from tqdm import tqdm

from openal.forward import device_of, inference_mode_of
from openal.learners.entropic import Clusters, EntropicLoss, EntropicNetwork
from openal.learners.network_training import (
    TrainingSettings,
    _half,
    _repeatable_kernels,
    shuffled,
)
from openal.seeds import derived_seed

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
    step = _step_of(network, optimizers, loss, settings.amp)
    order = torch.Generator().manual_seed(derived_seed(seed, 1))
    noise = torch.Generator().manual_seed(derived_seed(seed, 2))
    unknown = (labels == network.num_classes).nonzero()[:, 0]
    hidden, clusters = None if progress is None else not progress, None
    network.train()
    with _repeatable_kernels():
        for epoch in tqdm(range(settings.epochs), unit="epoch", disable=hidden, leave=False):
            if len(unknown) and epoch % loss.recluster_every == 0:
                features = _features(network, inputs, unknown, settings.batch_size)
                clusters = loss.clusters(features, unknown, network.num_classes, len(labels))
            for rows in shuffled(len(labels), settings.batch_size, order):
                x = inputs[rows.to(inputs.device)]
                x = x if settings.augment is None else settings.augment(x, noise)
                step(x, labels[rows], rows, clusters)
            schedule.step()
    network.eval()


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


def _step_of(
    network: EntropicNetwork,
    optimizers: tuple[Optimizer, ...],
    loss: EntropicLoss,
    amp: bool | None,
) -> Callable[[Tensor, Tensor, Tensor, Clusters | None], None]:
    """A function of (x, labels, rows, clusters) that takes one step of gradient descent."""
    device = device_of(network)
    mixed = device.type == "cuda" if amp is None else amp
    half = _half(device)
    scaler = torch.amp.GradScaler(device.type, enabled=mixed and half == torch.float16)

    def step(x: Tensor, labels: Tensor, rows: Tensor, clusters: Clusters | None) -> None:
        with torch.autocast(device.type, half, enabled=mixed):
            found = network(x.to(device))
        own = None if clusters is None else clusters.at(rows.to(device))
        value = loss(found, labels.to(device), own)
        for optimizer in optimizers:
            optimizer.zero_grad()
        scaler.scale(value).backward()
        for optimizer in optimizers:
            scaler.step(optimizer)
        scaler.update()

    return step
