"""From a pool's embeddings and some answers to a learner that computes signals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from openal.checks import first_bad_row
from openal.errors import ArrayError
from openal.items import AnsweredSubset
from openal.learners.layers import Layers, LayerSettings, fit_layers
from openal.pool import Pool

__all__ = ["FittedLayers", "fit_embeddings"]

BLOCK_ROWS = 4096
"""How many embeddings are held in double precision at a time."""


@dataclass(frozen=True, eq=False)
class FittedLayers:
    """Layers fitted to a pool's embeddings, as a learner that needs no more training."""

    layers: Layers
    embeddings: str
    names: Mapping[str, str]  # each signal, and which of "logits" and "features" it is
    device: str | torch.device | None = None

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute."""
        return tuple(self.names)

    @property
    def reads(self) -> tuple[str, ...]:
        """The name of the embeddings."""
        return (self.embeddings,)

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`, each [n, ...]: float32, float64 of such embeddings."""
        blocks: list[dict[str, Tensor]] = []
        for start in range(0, max(1, len(indices)), BLOCK_ROWS):
            block = indices[start : start + BLOCK_ROWS]
            z = taken(pool, self.embeddings, block, self.device, progress)
            outputs = dict(zip(("logits", "features"), self.layers(z), strict=True))
            blocks.append({name: outputs[self.names[name]].to(z) for name in names})
        return {name: torch.cat([block[name] for block in blocks]) for name in names}


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
) -> FittedLayers:
    """Layers with `num_outputs`, fitted to the answered rows of the pool's embeddings."""
    found = answers.indices if len(answers) else np.zeros(1, np.int64)  # one tells the width
    z = taken(pool, embeddings, found, device, progress)[: len(answers)]
    z = z if z.device.type == "mps" else z.double()  # Apple's GPUs have no double precision
    labels = torch.from_numpy(answers.classes).to(z.device)
    layers = fit_layers(z, labels, num_outputs, loss=loss, settings=settings, seed=seed)
    return FittedLayers(layers, embeddings, names, device)


def taken(
    pool: Pool,
    name: str,
    indices: np.ndarray,
    device: str | torch.device | None,
    progress: bool | None,
) -> Tensor:
    """The embeddings [n, D] at `indices`, finite, at least in single precision."""
    z = pool.take(name, indices, progress=progress)
    z = z.to(device=device, dtype=z.dtype if z.dtype == torch.float64 else torch.float32)
    if z.ndim != 2:
        raise ArrayError(f"{name} must be [N, D] to learn from, got {tuple(z.shape[1:])} per item.")
    row = first_bad_row(z)
    if row is not None:
        raise ArrayError(f"{name} must be finite; index {indices[row]} is not.")
    return z
