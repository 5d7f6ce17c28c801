"""A network trained on the answered items as the papers do: SGD whose steps shrink."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR
from tqdm import tqdm

from openal.checks import as_count, as_number
from openal.forward import device_of, named_outputs
from openal.seeds import derived_seed

__all__ = ["Augmentation", "Loss", "TrainingSettings", "train"]

Augmentation = Callable[[Tensor, torch.Generator], Tensor]
"""(x [B, ...], generator) -> the augmented x."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""(logits [B, C], labels [B]) -> []."""


@dataclass(frozen=True)
class TrainingSettings:
    """How long and how fast a network is trained, and on which variations of its inputs."""

    epochs: int
    batch_size: int
    lr: float
    momentum: float
    weight_decay: float
    step_size: int
    gamma: float
    augment: Augmentation | None
    amp: bool | None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "step_size"):
            as_count(getattr(self, name), name, minimum=1)
        for name in ("lr", "gamma"):
            as_number(getattr(self, name), name, above=0)
        for name in ("momentum", "weight_decay"):
            as_number(getattr(self, name), name, minimum=0)


def train(
    network: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    *,
    loss: Loss,
    settings: TrainingSettings,
    seed: int,
    progress: bool | None,
) -> None:
    """Trains the network in place on inputs [m, ...] and labels [m], m > 0.

    A last batch of one item joins the one before it, and an only item is seen twice at a time:
    batch normalization cannot learn from one. Mixed precision where `amp` says so, on a GPU by
    default; weights are in single precision throughout.
    """
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=settings.lr,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    schedule = StepLR(optimizer, settings.step_size, settings.gamma)
    step = _step_of(network, optimizer, loss, settings.amp)
    order = torch.Generator().manual_seed(derived_seed(seed, 1))
    noise = torch.Generator().manual_seed(derived_seed(seed, 2))
    hidden = None if progress is None else not progress
    network.train()
    with _repeatable_kernels():
        for _ in tqdm(range(settings.epochs), unit="epoch", disable=hidden, leave=False):
            for rows in shuffled(len(labels), settings.batch_size, order):
                x = inputs[rows.to(inputs.device)]
                step(x if settings.augment is None else settings.augment(x, noise), labels[rows])
            schedule.step()
    network.eval()


def shuffled(count: int, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    """The rows 0..count-1 in random order, cut into batches of which none is a single row."""
    order = torch.randperm(count, generator=generator)
    if count == 1:
        return [order.repeat(2)]
    batches = list(order.split(batch_size))
    if len(batches[-1]) == 1 and batch_size > 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _step_of(
    network: nn.Module, optimizer: torch.optim.Optimizer, loss: Loss, amp: bool | None
) -> Callable[[Tensor, Tensor], None]:
    """A function of (x, labels) that takes one step of gradient descent."""
    device = device_of(network)
    mixed = device.type == "cuda" if amp is None else amp
    half = _half(device)
    scaler = torch.amp.GradScaler(device.type, enabled=mixed and half == torch.float16)

    def step(x: Tensor, labels: Tensor) -> None:
        with torch.autocast(device.type, half, enabled=mixed):
            logits = named_outputs(network(x.to(device)))["logits"]
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        value = loss(logits, labels.to(device))
        optimizer.zero_grad()
        scaler.scale(value).backward()
        scaler.step(optimizer)
        scaler.update()

    return step


def _half(device: torch.device) -> torch.dtype:
    """The 16-bit type that the device is fast at: GPUs before Ampere know float16 only."""
    old = device.type == "cuda" and torch.cuda.get_device_capability(device)[0] < 8
    return torch.float16 if old else torch.bfloat16


@contextmanager
def _repeatable_kernels() -> Iterator[None]:
    """The same seed gives the same weights on a GPU, too, as far as cuDNN can promise."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
