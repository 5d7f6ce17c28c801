"""Monte-Carlo dropout: T networks out of one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from openal.checks import as_count
from openal.errors import ModelError
from openal.fields import check_fields
from openal.forward import Model, check_batches, device_of, inference_mode_of
from openal.learners.fixed_dropout import active_dropouts, sampled_logits
from openal.pool import Pool
from openal.seeds import isolated_rng

__all__ = ["MCDropout"]


@dataclass(frozen=True)
class MCDropout:
    """Offers `mc_logits` [N, T, K] of a user's network: T passes with dropout, each item read once.

    `model` is what `query(..., model=...)` accepts, and has dropout: a network, or a method of
    one. Give it as `Pool(items, mc_logits=MCDropout(network))`, which asks each item once, or as
    `query(..., model=MCDropout(network))`, which asks again in every query, as is right for a
    network that has learnt since.

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

    Reference: Gal and Ghahramani, "Dropout as a Bayesian Approximation: Representing Model
    Uncertainty in Deep Learning", ICML 2016; one mask for all items, Kirsch, van Amersfoort and
    Gal, "BatchBALD", NeurIPS 2019, section 3.
    """

    model: Callable[[Tensor], Any]
    samples: int = 10
    seed: int = 0
    device: str | torch.device | None = None
    batch_size: int | None = None
    workers: int = 0

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
        network = getattr(self.model, "__self__", self.model)  # of a method: whose it is
        device = device_of(network, self.device)
        flat = partial(self._flat, _dropouts_of(network))
        passes = Model(flat, device, self.batch_size, self.workers)
        with inference_mode_of(network), isolated_rng(self.seed):
            found = passes.signals(pool, indices, ("logits",), progress=progress)["logits"]
        sampled = found.reshape(len(found), self.samples, found.shape[1] // self.samples)
        return dict.fromkeys(names, sampled)

    def _flat(self, dropouts: list[nn.Module], x: Tensor) -> Tensor:
        return sampled_logits(self.model, dropouts, x, self.samples, self.seed).flatten(1)


def _dropouts_of(network: Any) -> list[nn.Module]:
    dropouts = active_dropouts(network)
    if not dropouts:
        raise ModelError(
            f"model must have torch.nn.Dropout modules with p > 0 for mc_logits; "
            f"{type(network).__name__} has none. Add one before its last layer, or give mc_logits "
            f"as an array [N, T, K]; dropout in a function cannot be seen."
        )
    return dropouts
