"""A network trained on the answered items as the papers do: SGD whose steps shrink."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    StepLR,
)

from openal._batches import device_of
from openal._checks import as_count, as_number
from openal._locks import ThreadLock
from openal._progress import progress_bar
from openal._seeds import Draws, derived_seed
from openal.errors import ArgumentError
from openal.learners._health import Failure, dead, diverged
from openal.model import named_outputs

__all__ = [
    "Augmentation",
    "Loss",
    "Schedule",
    "TrainingSettings",
    "batches_of",
    "descent",
    "epochs",
    "repeatable_kernels",
    "shuffled",
    "train",
]

Augmentation = Callable[[Tensor, torch.Generator], Tensor]
"""(x [B, ...], generator) -> the augmented x."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""(logits [B, C], labels [B]) -> []."""

Schedule = Literal["steps", "cosine", "one_cycle"]
"""How the learning rate goes: down in steps, down along a cosine, or up first and then down."""


@dataclass(frozen=True)
class TrainingSettings:
    """How long and how fast a network is trained, and on which variations of its inputs.

    The learning rate is multiplied by `gamma` every `step_size` epochs, or, where there are
    `milestones`, after these shares of the epochs. With the `schedule` "cosine" it falls to 0 along
    half a cosine, batch by batch; with "one_cycle" it first rises to `lr`. An epoch sees each input
    once, or, with `steps_per_epoch`, takes that many batches, each drawn with replacement.
    """

    epochs: int
    batch_size: int
    lr: float
    momentum: float
    weight_decay: float
    step_size: int
    gamma: float
    augment: Augmentation | None
    amp: bool | None
    max_norm: float = inf  # of the gradient of each tensor of weights
    milestones: tuple[float, ...] = ()
    steps_per_epoch: int | None = None
    schedule: Schedule = "steps"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "step_size"):
            as_count(getattr(self, name), name, minimum=1)
        for name in ("lr", "gamma"):
            as_number(getattr(self, name), name, above=0)
        for name in ("momentum", "weight_decay"):
            as_number(getattr(self, name), name, minimum=0)
        if not isinstance(self.milestones, tuple | list):
            raise ArgumentError(f"milestones must be shares, got {self.milestones!r:.80}.")
        for share in self.milestones:
            as_number(share, "milestones", above=0, maximum=1)
        if self.steps_per_epoch is not None:
            as_count(self.steps_per_epoch, "steps_per_epoch", minimum=1)


def train(
    network: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    *,
    loss: Loss,
    settings: TrainingSettings,
    seed: int,
    progress: bool | None,
) -> Failure | None:
    """Trains the network in place on inputs [m, ...] and labels [m], m > 0; says what failed.

    A last batch of one item joins the one before it, and an only item is seen twice at a time:
    batch normalization cannot learn from one. Mixed precision where `amp` says so, on a GPU by
    default; weights are in single precision throughout. What the network draws, as for dropout,
    the seed decides. Training ends with the epoch in which the loss is not finite.
    """
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=settings.lr,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    after_batch, after_epoch = _schedule(optimizer, settings, len(inputs))
    value = partial(_loss_of, loss=loss)
    step = descent(network, (optimizer,), value, settings.amp, seed, settings.max_norm)
    network.train()
    with repeatable_kernels():
        for number, batches in enumerate(epochs(inputs, settings, seed, progress)):
            losses = []
            for x, rows in batches:
                losses.append(step(x, labels[rows]))
                after_batch()
            if not torch.stack(losses).isfinite().all():
                return diverged(number, inputs, settings.lr)
            after_epoch()
    network.eval()
    return dead(network, inputs, settings.lr)


def _schedule(
    optimizer: torch.optim.Optimizer, settings: TrainingSettings, count: int
) -> tuple[Callable[[], None], Callable[[], None]]:
    """What changes the learning rate after each batch, and what does after each epoch."""
    if settings.schedule == "steps":
        return _unchanged, _steps(optimizer, settings).step
    batches = settings.steps_per_epoch or batches_of(count, settings.batch_size)
    total = settings.epochs * batches
    if settings.schedule == "cosine":
        return CosineAnnealingLR(optimizer, total).step, _unchanged
    # One batch more than there are: the last rate is set after training, and used by nobody.
    return OneCycleLR(optimizer, settings.lr, total + 1, cycle_momentum=False).step, _unchanged


def _steps(optimizer: torch.optim.Optimizer, settings: TrainingSettings) -> LRScheduler:
    if not settings.milestones:
        return StepLR(optimizer, settings.step_size, settings.gamma)
    after = [max(1, round(share * settings.epochs)) for share in settings.milestones]
    return MultiStepLR(optimizer, after, settings.gamma)


def _unchanged() -> None:
    """The learning rate stays as it is."""


def epochs(
    inputs: Tensor, settings: TrainingSettings, seed: int, progress: bool | None
) -> Iterator[Iterator[tuple[Tensor, Tensor]]]:
    """For each epoch its batches: inputs [B, ...], augmented, and their rows [B]."""
    order = torch.Generator().manual_seed(derived_seed(seed, 1))
    noise = torch.Generator().manual_seed(derived_seed(seed, 2))
    steps = range(settings.epochs)
    for _ in progress_bar(progress, iterable=steps, unit="epoch", leave=False):
        yield _batches(inputs, settings, order, noise)


def _batches(
    inputs: Tensor, settings: TrainingSettings, order: torch.Generator, noise: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    for rows in _rows(len(inputs), settings, order):
        x = inputs[rows.to(inputs.device)]
        yield x if settings.augment is None else settings.augment(x, noise), rows


def _rows(count: int, settings: TrainingSettings, order: torch.Generator) -> list[Tensor]:
    """The rows of each batch of an epoch."""
    if settings.steps_per_epoch is None:
        return shuffled(count, settings.batch_size, order)
    size = (settings.steps_per_epoch, settings.batch_size)
    return list(torch.randint(count, size, generator=order, device="cpu"))


def shuffled(count: int, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    """The rows 0..count-1 in random order, cut into batches of which none is a single row."""
    order = torch.randperm(count, generator=generator, device="cpu")
    if count == 1:
        return [order.repeat(2)]
    batches = list(order.split(batch_size))
    if len(batches[-1]) == 1 and batch_size > 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def batches_of(count: int, batch_size: int) -> int:
    """How many steps an epoch over so many answers takes."""
    return len(shuffled(max(1, count), batch_size, torch.Generator()))


def descent(
    network: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    loss: Callable[..., Tensor],
    amp: bool | None,
    seed: int,
    max_norm: float = inf,
) -> Callable[..., Tensor]:
    """A function of (x, *rest) that takes one step down loss(network(x), *rest), which it gives."""
    device = device_of(network)
    mixed = device.type == "cuda" if amp is None else amp
    half = _half(device)
    scaler = torch.amp.GradScaler(device.type, enabled=mixed and half == torch.float16)

    drawing = _Drawing(network, derived_seed(seed, 3))

    def step(x: Tensor, *rest: Any) -> Tensor:
        with drawing(), torch.autocast(device.type, half, enabled=mixed):
            output = network(x.to(device))
        value = loss(output, *rest)
        for optimizer in optimizers:
            optimizer.zero_grad()
        scaler.scale(value).backward()
        for optimizer in optimizers:
            if max_norm < inf:
                scaler.unscale_(optimizer)
                for weights in network.parameters():
                    nn.utils.clip_grad_norm_(weights, max_norm)
            scaler.step(optimizer)
        scaler.update()
        return value.detach()

    return step


class _Drawing:
    """Around a network's passes in training: what it draws, it draws by a seed.

    Only the first pass is watched where nothing is drawn; one that is compiled cannot be.
    """

    def __init__(self, network: nn.Module, seed: int) -> None:
        compiled = any(hasattr(each, "_orig_mod") for each in network.modules())
        self.draws = None if compiled else Draws(seed)

    def __call__(self) -> AbstractContextManager[Any]:
        """The context of the next pass."""
        draws = self.draws
        if draws is None or (draws.passed and not draws.drew):
            return nullcontext()
        draws.passed = True
        return draws


def _loss_of(output: Any, labels: Tensor, loss: Loss) -> Tensor:
    """The loss of what a network returned, at least in single precision."""
    logits = named_outputs(output)["logits"]
    return loss(
        logits.to(torch.promote_types(logits.dtype, torch.float32)), labels.to(logits.device)
    )


def _half(device: torch.device) -> torch.dtype:
    """The 16-bit type that the device is fast at: GPUs before Ampere know float16 only."""
    old = device.type == "cuda" and torch.cuda.get_device_capability(device)[0] < 8
    return torch.float16 if old else torch.bfloat16


@contextmanager
def repeatable_kernels() -> Iterator[None]:
    """The same seed gives the same weights on a GPU, too, as far as cuDNN can promise."""
    cudnn = torch.backends.cudnn
    with _kernels.guard.lock:
        if not _kernels.users:
            _kernels.before = cudnn.deterministic, cudnn.benchmark
        _kernels.users += 1
        cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        with _kernels.guard.lock:
            _kernels.users -= 1
            if not _kernels.users:
                cudnn.deterministic, cudnn.benchmark = _kernels.before


class _Kernels:
    """How many threads want repeatable kernels, and what the first of them found."""

    def __init__(self) -> None:
        self.guard, self.users, self.before = ThreadLock(), 0, (False, False)


_kernels = _Kernels()
