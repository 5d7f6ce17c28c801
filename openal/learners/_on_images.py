"""From a pool's items and some answers to a network that computes signals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal._batches import batches, target_device
from openal._contexts import own_contexts
from openal._items import AnsweredSubset
from openal._seeds import drawing_from
from openal.errors import ArgumentError
from openal.learners._sgd import Loss, TrainingSettings, train
from openal.learners.networks import cifar_resnet18
from openal.model import Model
from openal.pool import Pool

__all__ = ["Factory", "FittedNetwork", "fit_network", "inputs_of", "new_network", "training_device"]

Factory = Callable[[int], nn.Module]
"""The number of outputs -> a new network with so many."""

RESIDENT_BYTES = 2 * 2**30
"""Up to this size the answered inputs stay on the GPU."""


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A network trained on a pool's items, as a learner that needs no more training."""

    network: nn.Module
    names: Mapping[str, str]  # each signal, and which of "logits" and "features" it is

    reads: ClassVar[tuple[str, ...]] = ("items",)

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute."""
        return tuple(self.names)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`, each [n, ...], from one pass, on its device."""
        outputs = tuple(self.names[name] for name in names)
        found = Model(self.network).signals(pool, indices, outputs, progress=progress)
        return {name: found[self.names[name]] for name in names}


@own_contexts()
def fit_network(
    pool: Pool,
    answers: AnsweredSubset,
    num_outputs: int,
    *,
    factory: Factory | None,
    names: Mapping[str, str],
    loss: Loss,
    settings: TrainingSettings,
    device: str | torch.device | None,
    seed: int,
    progress: bool | None,
) -> FittedNetwork:
    """A new network, trained on the answered items; without answers as it was initialized."""
    device = training_device(device)
    with drawing_from(seed):
        network = new_network(factory, num_outputs).to(device)
        if len(answers) == 0:
            return FittedNetwork(network.eval(), names)
        inputs = inputs_of(pool, answers.indices, factory, progress=progress)
        inputs = inputs.to(device) if inputs.nbytes <= RESIDENT_BYTES else inputs
        if inputs.ndim == 4:
            network = network.to(memory_format=torch.channels_last)
        labels = torch.from_numpy(answers.classes)
        train(network, inputs, labels, loss=loss, settings=settings, seed=seed, progress=progress)
    return FittedNetwork(network, names)


def new_network(factory: Factory | None, num_outputs: int) -> nn.Module:
    """What the factory makes; the default network is drawn on the CPU, alike on every device."""
    if factory is not None:
        return factory(num_outputs)
    with torch.device("cpu"):
        return cifar_resnet18(num_outputs)


def training_device(device: str | torch.device | None) -> torch.device:
    """The device asked for, else a GPU where there is one."""
    device = target_device(device)
    if device.type == "cuda":
        torch.cuda.init()  # only then is there a random state of the GPU to put back
    return device


def inputs_of(
    pool: Pool, indices: np.ndarray, factory: Factory | None, *, progress: bool | None
) -> Tensor:
    """The inputs [m, ...] at some indices, on the CPU; images where the network is the default."""
    cpu = torch.device("cpu")
    inputs = torch.cat(list(batches(pool.items, indices, cpu, progress=progress)))
    if factory is None:
        _require_images(inputs)
    return inputs


def _require_images(inputs: Tensor) -> None:
    if inputs.ndim != 4 or inputs.shape[1] != 3 or not inputs.is_floating_point():
        raise ArgumentError(
            f"the default network reads float images [3, H, W]; the items are {inputs.dtype} "
            f"{list(inputs.shape[1:])}. Give factory=, a function from the number of outputs to "
            f"a new network."
        )
