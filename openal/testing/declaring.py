"""A strategy reads the signals that it declares: these, all of these, and no others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.errors import MissingSignalError
from openal.query import QueryStrategy
from openal.testing.asking import ask, expect, expect_same
from openal.testing.worlds import MakeWorld, World

__all__ = [
    "Recorder",
    "declared",
    "learned_from",
    "misses_each_signal",
    "needs_nothing_else",
    "reads_all_that_it_declares",
    "recorded",
]


@dataclass(frozen=True, eq=False)
class Recorder:
    """A frozen learner that hands out an array and notes which rows of it were read."""

    name: str
    values: np.ndarray
    log: dict[str, set[int]]

    @property
    def offers(self) -> tuple[str, ...]:
        """Its one signal."""
        return (self.name,)

    @property
    def reads(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def signals(
        self,
        pool: Any,
        indices: np.ndarray,
        names: tuple[str, ...],
        *,
        progress: bool | None = None,
    ) -> dict[str, Tensor]:
        """The rows at `indices`, which are noted."""
        self.log.setdefault(self.name, set()).update(indices.tolist())
        return {self.name: torch.tensor(self.values[indices])}


def recorded(world: World) -> tuple[World, dict[str, set[int]]]:
    """The world with learners in place of its arrays, and which rows of each they were asked for.

    Rows are noted once: what a query has read stays computed.
    """
    log: dict[str, set[int]] = {}
    recorders = {name: Recorder(name, values, log) for name, values in world.signals.items()}
    return world.offering(recorders), log


def declared(strategy: QueryStrategy, world: World) -> tuple[str, ...]:
    """The signals that the strategy says it reads; none where it does not say."""
    reads = tuple(getattr(strategy, "reads", ()))
    foreign = sorted({*reads} - {*world.signals})
    expect(
        not foreign,
        f"it reads {foreign}, which the worlds of this battery do not offer; make them with "
        f"check_strategy(..., signals=lambda world: {{{', '.join(map(repr, foreign))}: ...}})",
    )
    return reads


def learned_from(strategy: QueryStrategy, name: str, offered: set[str]) -> bool:
    """Whether a default learner of the strategy makes the signal of what is offered."""
    learners = getattr(strategy, "learners", ())
    return any(name in each.offers and {*each.reads} <= offered for each in learners)


def needs_nothing_else(strategy: QueryStrategy, make: MakeWorld) -> None:
    """A pool that offers only the declared signals gives the same query."""
    world = make()
    if hasattr(strategy, "reads"):
        reads = declared(strategy, world)
        alone = world.offering({name: world.signals[name] for name in reads})
        expect_same(
            ask(strategy, world), ask(strategy, alone), "offering the declared signals only"
        )


def misses_each_signal(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Without one of the declared signals: a MissingSignalError that names it."""
    world = make()
    reads = declared(strategy, world)
    for name in reads:
        others = {other: world.signals[other] for other in reads if other != name}
        if learned_from(strategy, name, {*others}):
            continue
        try:
            ask(strategy, world.offering(others))
        except MissingSignalError as error:
            expect(repr(name) in str(error), f"the error for a missing {name!r} is {error}")
        else:
            raise AssertionError(f"it declares {name!r}, and a pool without it raises nothing")


def reads_all_that_it_declares(strategy: QueryStrategy, make: MakeWorld) -> None:
    """The declared signals are the ones that are read."""
    if hasattr(strategy, "reads"):
        reads = declared(strategy, make())
        world, log = recorded(make())
        ask(strategy, world)
        expect({*log} == {*reads}, f"it declares {sorted(reads)} and reads {sorted(log)}")
