"""What a small network makes of the pool's embeddings: computed where these are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.integrations.ray._carried import Carried, carried_sources
from openal.learners._on_embeddings import BLOCK_ROWS, MANY_ROWS
from openal.pool import Pool
from openal.view import Rows

__all__ = ["heads_elsewhere"]

Map = Callable[[Callable[..., Tensor], Rows, tuple[str, ...], list[np.ndarray], Carried], Tensor]
"""Maps a function over blocks of rows, on the cluster."""


@contextmanager
def heads_elsewhere(mapped: Map) -> Iterator[None]:
    """In this block networks on embeddings compute the signals of many items on the cluster."""
    token = MANY_ROWS.set(partial(_signals, mapped=mapped))
    try:
        yield
    finally:
        MANY_ROWS.reset(token)


def _signals(
    learner: Any, pool: Any, indices: np.ndarray, names: tuple[str, ...], *, mapped: Map
) -> dict[str, Tensor] | None:
    """The named signals at `indices`; None where workers cannot have the embeddings.

    Blocks are those that the learner takes in this process, so that the numbers are the same.
    """
    source = pool._sources.get(learner.embeddings)
    if source is None or learner.device not in (None, "cpu", torch.device("cpu")):
        return None
    there = carried_sources(pool, {learner.embeddings: source}, 0)
    if not there.elsewhere.sources:
        return None
    first = learner.signals(pool, indices[:1], names)
    blocks = np.split(np.arange(len(indices)), range(BLOCK_ROWS, len(indices), BLOCK_ROWS))
    function = partial(_side_by_side, learner=learner, names=names)
    values = mapped(function, Rows(indices, pool), (learner.embeddings,), blocks, there)
    parts = values.split([first[name].numel() for name in names], dim=1)
    shapes = [first[name].shape[1:] for name in names]
    pairs = zip(names, parts, shapes, strict=True)
    return {name: part.reshape(-1, *shape) for name, part, shape in pairs}


def _side_by_side(block: Tensor, *, learner: Any, names: tuple[str, ...]) -> Tensor:
    """All signals of a block, [n, d]."""
    pool = Pool(**{learner.embeddings: block})
    values = learner.signals(pool, np.arange(len(block)), names)
    return torch.cat([values[name].flatten(1) for name in names], dim=1)
