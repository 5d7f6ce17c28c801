"""Monte-Carlo dropout of a network of the user's: T networks out of one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal._batches import check_batches, device_of
from openal._checks import as_count
from openal._evaluation import Evaluated, evaluated
from openal._fields import check_fields
from openal._seeds import derived_seed
from openal._workers import plain_worker_errors
from openal.errors import ModelError
from openal.model import Model, named_outputs
from openal.pool import Pool

__all__ = ["MCDropout", "active_dropouts", "sampled_logits"]

CHANNELWISE = (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.FeatureAlphaDropout)
DROPOUTS = (nn.Dropout, nn.AlphaDropout, *CHANNELWISE)
SELU = 1.7580993408473766
"""Alpha dropout replaces units by minus this: the limit of the activation SELU."""


def active_dropouts(modules: Iterable[nn.Module]) -> list[nn.Module]:
    """Those of the modules that drop something."""
    return [each for each in modules if isinstance(each, DROPOUTS) and each.p > 0]


def sampled_logits(
    function: Callable[[Tensor], Any], dropouts: list[nn.Module], x: Tensor, samples: int, seed: int
) -> Tensor:
    """Logits [B, T, K] of a batch: T passes, each with other units dropped.

    The modes of all modules are the caller's: a dropout module in evaluation mode drops what
    its mask says and draws nothing.
    """
    logits = []
    for sample in range(samples):
        with _dropping(dropouts, derived_seed(seed, sample)) as calls:
            output = named_outputs(function(x.clone())).get("logits")  # a pass may change its input
        if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != len(x):
            found = tuple(output.shape) if isinstance(output, Tensor) else output
            raise ModelError(f"model must give logits [{len(x)}, K], got {found}.")
        if not calls:
            raise ModelError("model has dropout modules, but its forward pass runs none of them.")
        logits.append(output.detach())
    return torch.stack(logits, dim=1)


@contextmanager
def _dropping(dropouts: list[nn.Module], seed: int) -> Iterator[Counter[int]]:
    """Lets dropout modules drop by the masks of a seed; counts the calls of each."""
    calls: Counter[int] = Counter()

    def drop(place: int, module: nn.Module, _: Any, output: Tensor) -> Tensor:
        key = derived_seed(seed, place, calls[place])
        calls[place] += 1
        return _dropped(module, output, torch.Generator().manual_seed(key))

    hooks = [
        module.register_forward_hook(partial(drop, place)) for place, module in enumerate(dropouts)
    ]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _dropped(module: Any, x: Tensor, generator: torch.Generator) -> Tensor:
    """What the module makes of x [B, ...] in training mode, with one mask for all its rows."""
    shape, p = (1, *x.shape[1:]), float(module.p)
    if isinstance(module, CHANNELWISE):
        shape = (*shape[:2], *(1 for _ in shape[2:]))
    drawn = torch.rand(shape, generator=generator, dtype=torch.float32, device="cpu")
    keep = (drawn >= p).to(x)  # alike on every device
    if p == 1 or not isinstance(module, nn.AlphaDropout | nn.FeatureAlphaDropout):
        return x * keep / max(1 - p, torch.finfo(torch.float32).tiny)
    scale = 1 / sqrt((1 + p * SELU**2) * (1 - p))
    return scale * (x * keep + SELU * (keep - 1 + p))


@dataclass(frozen=True)
class MCDropout:
    """Offers `mc_logits` [N, T, K] of a user's network: T passes with dropout, each item read once.

    `model` is what `query(..., model=...)` accepts, and has dropout: a network, or a method of
    one. Give it as `Pool(items, mc_logits=MCDropout(network))`, which asks each item once, and
    again once the network has learned, or as `query(..., model=MCDropout(network))`, which asks
    again in every query.

    Sample t drops the same units for every item, and so is a network, drawn by `seed` and t
    alone: an item's logits depend neither on the batch it stands in, nor on the items before it,
    nor on the device that draws, up to the last bits of the network's own arithmetic. That is
    what BatchBALD's joint probabilities need. A mask has the shape of its input without the first
    dimension, which must be the batch. Two samples may be alike where little can be dropped.

    Only modules of torch.nn drop: Dropout, Dropout1d, 2d, 3d, AlphaDropout, FeatureAlphaDropout.
    Dropout in a function cannot be seen and stays off: torch.nn.functional.dropout, the attention
    weights of MultiheadAttention, the `dropout` of LSTM and GRU. Everything else is in evaluation
    mode, batch normalization too; BALD's baselines in the codes of BADGE and OpenAL put the
    whole network in training mode, whose batch statistics they overwrite. Modes, buffers, hooks
    and global random numbers are afterwards as they were.

    Args:
        model: a network with dropout, or a method of one.
        samples: T, passes with other units dropped.
        seed: draws the units that are dropped.
        device: where it runs; None: where the module or the embeddings are, else a GPU
            where there is one.
        batch_size: items in a batch; None: 32 on a CPU, 256 on a GPU.
        workers: processes that read items; 0 reads them here.
        transform: makes a tensor of an input; None: inputs are tensors.

    Reference: Gal and Ghahramani, "Dropout as a Bayesian Approximation: Representing Model
    Uncertainty in Deep Learning", ICML 2016; one mask for all items, Kirsch, van Amersfoort and
    Gal, "BatchBALD", NeurIPS 2019, section 3.
    """

    cites = ("gal2016dropout",)

    model: Callable[[Tensor], Any]
    samples: int = 10
    seed: int = 0
    device: str | torch.device | None = None
    batch_size: int | None = None
    workers: int = 0
    transform: Callable[[Any], Any] | None = None

    offers: ClassVar[tuple[str, ...]] = ("mc_logits",)
    reads: ClassVar[tuple[str, ...]] = ("items",)

    def __post_init__(self) -> None:
        as_count(self.samples, "samples", minimum=1)
        as_count(self.seed, "seed")
        check_fields(self)
        check_batches(self.batch_size, self.workers)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """`mc_logits` [n, T, K] at `indices`, on the model's device."""
        device = device_of(self.model, self.device)
        with plain_worker_errors(self.workers), evaluated(self.model) as network:
            flat = partial(self._flat, network.call, _dropouts_of(network.modules, self.model))
            passes = Model(flat, device, self.batch_size, self.workers, transform=self.transform)
            sampled = Evaluated(flat, ())
            found = passes.passed(sampled, pool, indices, ("logits",), progress=progress)["logits"]
        shape = (len(found), self.samples, found.shape[1] // self.samples)
        return dict.fromkeys(names, found.reshape(shape))

    def _flat(
        self, function: Callable[[Tensor], Any], dropouts: list[nn.Module], x: Tensor
    ) -> Tensor:
        return sampled_logits(function, dropouts, x, self.samples, self.seed).flatten(1)


def _dropouts_of(modules: Iterable[nn.Module], network: Any) -> list[nn.Module]:
    dropouts = active_dropouts(modules)
    if not dropouts:
        raise ModelError(
            f"model must have torch.nn.Dropout modules with p > 0 for mc_logits; "
            f"{type(network).__name__} has none. Add one before its last layer, or give mc_logits "
            f"as an array [N, T, K]; dropout in a function cannot be seen."
        )
    return dropouts
