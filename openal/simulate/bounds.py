"""What a strategy could gain by purity alone: bounds that know the truth of a simulation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.informativeness import Margin, Uniform
from openal.parts import Role, as_stage
from openal.query import Chain, Query, QueryStrategy
from openal.selection import Filter, Top
from openal.step import Stage
from openal.view import View

__all__ = ["BASELINE", "BOUNDS", "PerfectPurity", "with_bounds"]

BASELINE = "Random"


@dataclass(frozen=True)
class PerfectPurity:
    """A bound, no strategy: it asks about items of known classes only, as nobody else can.

    What a simulation gains over `Random` with it is the headroom of purity: where that is little,
    no purity can help, and the condition tells nothing about purities. `simulate` gives it the
    truth; anywhere else a query is refused. Once all known items are answered it asks the rest.

    Args:
        then: the stage or strategy that chooses among the known items; None: at random.

    Raises:
        ArgumentError: a `then` that is no stage, a query outside of a simulation.
    """

    then: Stage | QueryStrategy | None = None

    def __post_init__(self) -> None:
        if self.then is not None:
            as_stage(self.then, "then")

    def knowing(self, truth: np.ndarray) -> Chain:
        """The strategy that knows the label of each item: int64 [N], UNKNOWN or a class."""
        choice = Top(Uniform()) if self.then is None else as_stage(self.then, "then")
        return Chain(Filter(_TruePurity(truth), above=0.5), choice)

    def query(self, *_: Any, **__: Any) -> Query:
        """An ArgumentError: outside of a simulation nobody knows which items are known."""
        raise ArgumentError(
            f"{self!r} is a bound that only `openal.simulate` can ask: it knows the answers."
        )


@dataclass(frozen=True, eq=False)
class _TruePurity:
    """1 for an item of a known class, 0 for another, by the `truth` [N]."""

    truth: np.ndarray

    role: ClassVar[Role] = "purity"

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64."""
        return torch.from_numpy((self.truth[view.pool.indices] >= 0).astype(np.float64))


BOUNDS: dict[str, PerfectPurity] = {
    "perfect purity": PerfectPurity(),
    "perfect purity, margin": PerfectPurity(then=Top(Margin())),
}
"""The two bounds of every table, by the names they have there; the first one is the headroom's."""


def with_bounds(strategies: Mapping[str, QueryStrategy]) -> dict[str, QueryStrategy]:
    """The strategies, and both bounds where `Random` is among them, which they are held against."""
    return {**strategies, **(BOUNDS if BASELINE in strategies else {})}
