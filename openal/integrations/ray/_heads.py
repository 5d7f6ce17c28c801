"""What a small network makes of the pool's embeddings: computed where these are, kept here."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from openal._signals import QuerySignals
from openal._sources import Computed
from openal.learners._on_embeddings import BLOCK_ROWS, FittedOnEmbeddings
from openal.pool import Pool
from openal.view import Rows

__all__ = ["Pass", "heads"]


@final
@dataclass(frozen=True, eq=False)
class Pass:
    """The signals `names` of a learner at those rows that its source lacks, to be mapped.

    Blocks are those that the learner takes in this process, so that the numbers are the same.
    """

    source: Computed
    rows: Rows
    names: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]]
    size: int

    @property
    def columns(self) -> tuple[str]:
        """What the function reads."""
        return self.source.learner.reads  # type: ignore[no-any-return]

    @property
    def function(self) -> partial[Tensor]:
        """All signals of a block side by side, [n, d]."""
        return partial(_side_by_side, learner=self.source.learner, names=self.names)

    @property
    def blocks(self) -> list[np.ndarray]:
        """The positions of the rows of each block."""
        return np.split(np.arange(len(self.rows)), range(BLOCK_ROWS, len(self.rows), BLOCK_ROWS))

    def keep(self, values: Tensor) -> None:
        """Hands what was computed to the source."""
        widths = [int(np.prod(self.shapes[name], dtype=np.int64)) for name in self.names]
        parts = zip(self.names, values.split(widths, dim=1), strict=True)
        new = {name: part.reshape(-1, *self.shapes[name]) for name, part in parts}
        self.source.add(self.names, self.rows.indices, new, self.size)


def heads(rows: Rows, name: str) -> Iterator[Pass]:
    """The pass that the signal `name` lacks, where a network on embeddings is to make it."""
    signals = rows.signals
    if not isinstance(signals, QuerySignals):
        return
    source, names = signals._source(name)
    if not isinstance(source, Computed) or not isinstance(source.learner, FittedOnEmbeddings):
        return
    pool, learner = signals._pool, source.learner
    missing = source.missing(name, rows.indices, len(pool))
    if len(missing) <= BLOCK_ROWS or learner.device not in (None, "cpu", torch.device("cpu")):
        return
    first = learner.signals(pool, missing[:1], names)
    shapes = {name: tuple(first[name].shape[1:]) for name in names}
    yield Pass(source, Rows(missing, signals), names, shapes, len(pool))


def _side_by_side(block: Tensor, *, learner: Any, names: tuple[str, ...]) -> Tensor:
    pool = Pool(**{learner.embeddings: block})
    values = learner.signals(pool, np.arange(len(block)), names)
    return torch.cat([values[name].flatten(1) for name in names], dim=1)
