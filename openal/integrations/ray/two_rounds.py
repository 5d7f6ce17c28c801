"""TwoRoundKCenter: the farthest of each part of the pool, then the farthest of these."""

from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from math import ceil
from typing import Literal

import torch
from torch import Tensor

from openal._checks import as_count, as_number
from openal.functional import k_center_greedy
from openal.integrations.ray.engine import RayEngine
from openal.parts import Part, signal
from openal.selection.vectors import Signal, answered_vectors
from openal.step import Step
from openal.view import Blocks, Engine, View

__all__ = ["TwoRoundKCenter"]


@dataclass(frozen=True)
class TwoRoundKCenter(Part):
    """Keeps candidates that cover the others, without all vectors in one place: k-center at scale.

    Each part of the pool, `part_rows` candidates in the order of the storage, keeps the budget's
    worth of farthest ones, where they are; among those of all parts the farthest are chosen here.
    No candidate is then farther from the nearest chosen or answered one than four times the least
    distance that any choice could reach; `KCenter`, which holds all vectors, has two times. The
    result is the same for `Blocks` and `RayEngine`, and does not depend on the number of workers.
    With a `factor` it hands on a core set, to be chosen from by any stage.

    Args:
        vectors: name of the signal [N, d].
        factor: how many times the budget is kept, rounded up, at least 1.
        part_rows: candidates in a part; the vectors of one part are in a worker at a time.
        centers: that of `KCenter`.

    Raises:
        ArgumentError: a `factor` or `part_rows` below 1.

    Reference: Malkomes et al., "Fast Distributed k-Center Clustering with Outliers on Massive
    Data", NeurIPS 2015.
    """

    vectors: str = signal("embeddings")
    _: KW_ONLY
    factor: float = 1.0
    part_rows: int = 100_000
    centers: Literal["answered", "known"] = "answered"

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number(self.factor, "factor", minimum=1)
        as_count(self.part_rows, "part_rows", minimum=1)

    @property
    def narrows_to_budget(self) -> bool:
        """Whether a stage that follows has nothing to choose."""
        return self.factor == 1

    def __call__(self, view: View, budget: int) -> Step:
        """The farthest candidates, in the order of picking."""
        n = len(view.pool)
        count = min(ceil(self.factor * min(budget, n)), n)
        answered = answered_vectors(Signal(self.vectors), view, self.centers)
        farthest = partial(_is_farthest, answered=answered, count=count)
        parts = replace(view, engine=_in_parts(view, self.part_rows))
        core = parts.map(farthest, self.vectors).nonzero()[:, 0]
        view.notes["core_set"] = len(core)
        points = view.at(core).pool[self.vectors]
        rows = core.to(points.device)[k_center_greedy(points, answered, count)]
        return Step(self, view.pool.indices, rows.cpu().numpy())


def _in_parts(view: View, rows: int) -> Engine:
    """The engine of a view, with a block for each part; those of another kind take them here."""
    engine = view.engine
    return replace(engine, rows=rows) if isinstance(engine, Blocks | RayEngine) else Blocks(rows)


def _is_farthest(part: Tensor, *, answered: Tensor | None, count: int) -> Tensor:
    """Which rows [n] of a part are among the farthest of it."""
    chosen = torch.zeros(len(part), dtype=torch.bool, device=part.device)
    chosen[k_center_greedy(part, answered, count)] = True
    return chosen
