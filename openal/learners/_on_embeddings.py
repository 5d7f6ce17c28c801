"""From a pool's embeddings and some answers to a learner that computes signals."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from openal._checks import first_bad_row
from openal._contexts import own_contexts
from openal._fields import as_device
from openal._items import AnsweredSubset
from openal._reading import unreadable_in
from openal.errors import ArrayError
from openal.learners._health import without_opinion
from openal.learners._layers import Layers, LayerSettings, fit_layers
from openal.pool import Pool

__all__ = [
    "BLOCK_ROWS",
    "MANY_ROWS",
    "FittedOnEmbeddings",
    "answered_embeddings",
    "fit_embeddings",
    "taken",
    "with_values",
]

BLOCK_ROWS = 4096
"""How many embeddings are held in double precision at a time."""

MANY_ROWS: ContextVar[Callable[..., dict[str, Tensor] | None]] = ContextVar("many rows")
"""What an engine sets while it reads signals: computes those of many items where these are.

It is asked with the learner, the pool, the indices and the names, and may give None.
"""


@dataclass(frozen=True, eq=False)
class FittedOnEmbeddings:
    """What was fitted to a pool's embeddings, as a learner that needs no more training."""

    function: Callable[[Tensor], Mapping[str, Tensor]]  # of [n, D]: each signal, [n, ...]
    offers: tuple[str, ...]
    embeddings: str
    device: str | torch.device | None = None
    untrained: bool = False  # by no answer: its logits are equal for all items

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    @own_contexts()
    @torch.no_grad()
    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`, each [n, ...]: float32, float64 of such embeddings."""
        if len(indices) > BLOCK_ROWS and (there := MANY_ROWS.get(None)) is not None:
            found_there = there(self, pool, indices, names)
            if found_there is not None:
                return found_there
        results: dict[str, Tensor] = {}
        for start in range(0, max(1, len(indices)), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            z = taken(pool, self.embeddings, indices[rows], self.device, progress)
            found = self.function(z)
            found = without_opinion(found) if self.untrained else found
            for name in names:
                if start == 0:  # room for all, before small results are kept among large ones
                    results[name] = z.new_empty(len(indices), *found[name].shape[1:])
                results[name][rows] = found[name].to(z)
        return results


@own_contexts()
def fit_embeddings(
    pool: Pool,
    embeddings: str,
    answers: AnsweredSubset,
    num_outputs: int,
    *,
    names: Mapping[str, str],
    loss: Callable[[Tensor, Tensor], Tensor],
    settings: LayerSettings,
    device: str | torch.device | None,
    seed: int,
    progress: bool | None,
) -> FittedOnEmbeddings:
    """Layers with `num_outputs`, fitted to the answered rows of the pool's embeddings.

    `names` says of each signal whether it is their "logits" or "features".
    """
    answers = with_values(pool, embeddings, answers, progress)
    z = answered_embeddings(pool, embeddings, answers.indices, device, progress)
    z = z if z.device.type == "mps" else z.double()  # Apple's GPUs have no double precision
    labels = torch.from_numpy(answers.targets).to(z.device)
    layers = fit_layers(z, labels, num_outputs, loss=loss, settings=settings, seed=seed)
    signals = partial(_signals, layers=layers, names=names)
    untrained = len(labels) == 0
    return FittedOnEmbeddings(signals, tuple(names), embeddings, device, untrained)


def _signals(z: Tensor, layers: Layers, names: Mapping[str, str]) -> dict[str, Tensor]:
    outputs = dict(zip(("logits", "features"), layers(z), strict=True))
    return {name: outputs[output] for name, output in names.items()}


def with_values(
    pool: Pool, name: str, answers: AnsweredSubset, progress: bool | None
) -> AnsweredSubset:
    """The answers about items that have embeddings; those of an unreadable one teach nothing."""
    kept = ~np.isin(answers.indices, unreadable_in(pool, (name,), progress))
    return AnsweredSubset(answers.dataset, answers.indices[kept], answers.targets[kept])


def answered_embeddings(
    pool: Pool,
    name: str,
    indices: np.ndarray,
    device: str | torch.device | None,
    progress: bool | None,
) -> Tensor:
    """The embeddings [m, D] at the answered `indices`: of the pool's width, even if there are none.

    A learner that computes embeddings knows their width only once it has computed one.
    """
    found = indices if len(indices) else np.zeros(1, np.int64)
    return taken(pool, name, found, device, progress)[: len(indices)]


def taken(
    pool: Pool,
    name: str,
    indices: np.ndarray,
    device: str | torch.device | None,
    progress: bool | None,
) -> Tensor:
    """The embeddings [n, D] at `indices`, finite, at least in single precision."""
    z = pool.take(name, indices, progress=progress)
    z = z.clone() if z.is_inference() else z  # or nothing could learn from it
    device = None if device is None else as_device(device)
    z = z.to(device=device, dtype=z.dtype if z.dtype == torch.float64 else torch.float32)
    if z.ndim != 2:
        raise ArrayError(f"{name} must be [N, D] to learn from, got {tuple(z.shape[1:])} per item.")
    row = first_bad_row(z)
    if row is not None:
        raise ArrayError(f"{name} must be finite; index {indices[row]} is not.")
    return z
