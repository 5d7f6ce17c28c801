"""Dropout whose masks are fixed: sample t drops the same units for every item."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

from openal.errors import ModelError
from openal.forward import named_outputs
from openal.seeds import derived_seed

__all__ = ["active_dropouts", "sampled_logits"]

CHANNELWISE = (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.FeatureAlphaDropout)
DROPOUTS = (nn.Dropout, nn.AlphaDropout, *CHANNELWISE)
SELU = 1.7580993408473766
"""Alpha dropout replaces units by minus this: the limit of the activation SELU."""


def active_dropouts(network: Any) -> list[nn.Module]:
    """The dropout modules of a network that drop something."""
    modules = network.modules() if isinstance(network, nn.Module) else ()
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
