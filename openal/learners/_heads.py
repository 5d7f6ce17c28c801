"""One network whose outputs are several signals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from openal.learners._on_embeddings import FittedOnEmbeddings
from openal.learners._on_images import FittedNetwork
from openal.pool import Pool

__all__ = ["FittedHeads", "Head"]


@dataclass(frozen=True)
class Head:
    """Which of a network's outputs make a signal, and its shape for one item."""

    start: int
    shape: tuple[int, ...]

    def of(self, outputs: Tensor) -> Tensor:
        """The signal [n, *shape] of outputs [n, C]."""
        width = int(np.prod(self.shape))
        return outputs[:, self.start : self.start + width].reshape(-1, *self.shape)


@dataclass(frozen=True, eq=False)
class FittedHeads:
    """Heads of a fitted network, which offers its outputs as `logits`."""

    network: FittedOnEmbeddings | FittedNetwork
    heads: Mapping[str, Head]

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals that it can compute."""
        return tuple(self.heads)

    @property
    def reads(self) -> tuple[str, ...]:
        """What the network reads."""
        return self.network.reads

    def signals(
        self,
        pool: Pool,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The named signals at `indices`, each [n, ...], from one pass."""
        outputs = self.network.signals(pool, indices, ("logits",), progress=progress)["logits"]
        return {name: self.heads[name].of(outputs) for name in names}
