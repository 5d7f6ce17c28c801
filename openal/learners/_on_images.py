"""From a pool's items and some answers to a network that computes signals."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from openal._batches import batches, target_device
from openal._contexts import own_contexts
from openal._items import AnsweredSubset
from openal._seeds import drawing_from
from openal.errors import ArgumentError
from openal.learners._health import (
    WITHOUT,
    Failure,
    Scale,
    Standardized,
    scale_of,
    tell,
    without_opinion,
)
from openal.learners._sgd import Loss, TrainingSettings, train
from openal.learners.networks import cifar_resnet18
from openal.model import Model
from openal.pool import Pool

__all__ = [
    "Factory",
    "FittedNetwork",
    "fit_network",
    "inputs_of",
    "new_network",
    "trained",
    "training_device",
]

Network = TypeVar("Network", bound=nn.Module)

Factory = Callable[[int], nn.Module]
"""The number of outputs -> a new network with so many."""

RESIDENT_BYTES = 2 * 2**30
"""Up to this size the answered inputs stay on the GPU."""


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A network trained on a pool's items, as a learner that needs no more training."""

    network: nn.Module
    names: Mapping[str, str]  # each signal, and which of "logits" and "features" it is
    untrained: bool = False  # by no answer: its logits are equal for all items

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
        values = {name: found[self.names[name]] for name in names}
        return without_opinion(values) if self.untrained else values


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
    """A new network, trained on the answered items; without answers its logits are all equal."""
    device = training_device(device)
    make = partial(_drawn, factory, num_outputs, device, seed)
    if len(answers) == 0:
        network = make(WITHOUT if factory is None else None)
        return FittedNetwork(network.eval(), names, untrained=True)
    inputs = inputs_of(pool, answers.indices, factory, progress=progress)
    inputs = inputs.to(device) if inputs.nbytes <= RESIDENT_BYTES else inputs
    fit = partial(
        train,
        inputs=inputs,
        labels=torch.from_numpy(answers.targets),
        loss=loss,
        settings=settings,
        seed=seed,
        progress=progress,
    )
    return FittedNetwork(trained(make, inputs, fit, ours=factory is None), names)


def trained(
    make: Callable[[Scale | None], Network],
    inputs: Tensor,
    fit: Callable[[Network], Failure | None],
    *,
    ours: bool,
) -> Network:
    """A network that `fit` trained; it reads standardized inputs where these are not scaled.

    Ours always does so. A user's may scale them itself: only where it does not learn from them as
    they are, it is made and trained once more.
    """
    scale = scale_of(inputs)
    layout = torch.channels_last if inputs.ndim == 4 else torch.preserve_format
    network = make(scale if ours else None).to(memory_format=layout)
    failure = fit(network)
    if failure is not None and scale is not None and not ours:
        warnings.warn(
            f"{failure.reason} It was trained again, on items less their mean over their "
            f"deviation.",
            stacklevel=4,
        )
        network = make(scale).to(memory_format=layout)
        failure = fit(network)
    tell(failure)
    return network


def _drawn(
    factory: Factory | None,
    num_outputs: int,
    device: torch.device,
    seed: int,
    scale: Scale | None,
) -> nn.Module:
    """A new network whose first weights the seed decides, behind a standardization if any."""
    with drawing_from(seed):
        network = new_network(factory, num_outputs)
    return (network if scale is None else Standardized(network, scale)).to(device)


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
    kinds = inputs.is_floating_point() or inputs.dtype == torch.uint8
    if inputs.ndim != 4 or inputs.shape[1] != 3 or not kinds:
        raise ArgumentError(
            f"the default network reads float images [3, H, W], or uint8 ones; the items are "
            f"{inputs.dtype} {list(inputs.shape[1:])}. Give factory=, a function from the number "
            f"of outputs to a new network."
        )
