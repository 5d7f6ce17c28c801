"""A small network on embeddings, trained by a few hundred steps of SGD."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TypeVar

import torch
from torch import Tensor, nn

from openal._batches import device_of
from openal._checks import as_count, as_number
from openal._contexts import own_contexts
from openal._seeds import drawing_from
from openal._threads import threads_for
from openal.labeled import LabeledSet
from openal.learners._health import tell
from openal.learners._layers import standardization
from openal.learners._on_embeddings import answered_embeddings, with_values
from openal.learners._sgd import Loss, TrainingSettings, batches_of, train
from openal.pool import Pool

__all__ = [
    "Layer",
    "Scaled",
    "StepSettings",
    "epochs_of",
    "fit_network_on",
    "hidden_network",
    "precise",
]

LEAST_EPOCHS = 10
Layer = partial(nn.Linear, device="cpu", dtype=torch.float32)
"""A linear layer whose first weights do not depend on torch's defaults."""

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class StepSettings:
    """How a small network is trained: as many steps for a few answers as for a thousand."""

    steps: int
    batch_size: int
    lr: float
    weight_decay: float

    def __post_init__(self) -> None:
        as_count(self.steps, "steps", minimum=1)
        as_count(self.batch_size, "batch_size", minimum=1)
        as_number(self.lr, "lr", above=0)
        as_number(self.weight_decay, "weight_decay", minimum=0)


class Scaled(nn.Module):
    """Embeddings centered, and divided by one number so that their mean square is 1."""

    center: Tensor  # [D]
    scale: Tensor  # []

    def __init__(self, embeddings: Tensor) -> None:
        super().__init__()
        center, scale = standardization(embeddings)
        self.register_buffer("center", center)
        self.register_buffer("scale", scale)

    def forward(self, embeddings: Tensor) -> Tensor:
        """The scaled embeddings [B, D]."""
        return (embeddings - self.center) / self.scale


def hidden_network(
    embeddings: Tensor, num_outputs: int, *, hidden: int, dropout: float
) -> nn.Sequential:
    """Modules `scaled`, `hidden` (rectified units), `dropout` and `output`, freshly initialized."""
    hidden_layer = nn.Sequential(Layer(embeddings.shape[1], hidden), nn.ReLU())
    return nn.Sequential(
        OrderedDict(
            scaled=Scaled(embeddings),
            hidden=hidden_layer,
            dropout=nn.Dropout(dropout),
            output=Layer(hidden, num_outputs),
        )
    )


def epochs_of(count: int, settings: StepSettings) -> tuple[int, int]:
    """How many epochs make at least so many steps with `count` answers, and the steps in each."""
    batches = batches_of(count, settings.batch_size)
    return max(LEAST_EPOCHS, ceil(settings.steps / batches)), batches


@own_contexts()
def fit_network_on(
    pool: Pool,
    embeddings: str,
    labeled: LabeledSet,
    make: Callable[[Tensor], nn.Module],
    *,
    loss: Loss,
    settings: StepSettings,
    device: str | torch.device | None,
    seed: int,
    progress: bool | None,
) -> nn.Module:
    """`make(embeddings [m, D])`, trained on the known answers; without any as initialized.

    SGD with momentum 0.9, whose rate falls to a tenth after half and three quarters of the steps.
    In evaluation mode, and `precise`.
    """
    answers = labeled.known_subset(range(labeled.size))
    known = with_values(pool, embeddings, answers, progress)
    z = answered_embeddings(pool, embeddings, known.indices, device, progress).float()
    with drawing_from(seed):
        network = make(z).to(z.device)
    if len(known):
        labels = torch.from_numpy(known.targets)
        training = _training(settings, len(known))
        size = sum(each.numel() for each in network.parameters())
        with threads_for(settings.batch_size * size):
            tell(
                train(
                    network, z, labels, loss=loss, settings=training, seed=seed, progress=progress
                )
            )
    return precise(network.eval())


def precise(network: Network) -> Network:
    """The network in double precision: in single, the last bits of a row depend on its block."""
    on_apple = device_of(network).type == "mps"  # Apple's GPUs have no double precision
    return network if on_apple else network.double()


def _training(settings: StepSettings, count: int) -> TrainingSettings:
    epochs, _ = epochs_of(count, settings)
    return TrainingSettings(
        epochs=epochs,
        batch_size=settings.batch_size,
        lr=settings.lr,
        momentum=0.9,
        weight_decay=settings.weight_decay,
        step_size=ceil(epochs / 2),
        gamma=0.1,
        augment=None,
        amp=False,
        max_norm=1.0,  # else the loss may grow with its own steps on few answers
    )
