"""Signals: read as declared, in any container, offered or learned."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.errors import MissingSignalError
from openal.query import QueryStrategy
from openal.testing._repeat_checks import expect_randomness_alone
from openal.testing._world import MakeWorld, World, ask, expect, expect_same, expect_sound

__all__ = [
    "Recorder",
    "declared",
    "learned_from",
    "learns_what_is_not_offered",
    "misses_each_signal",
    "needs_nothing_else",
    "reads_all_that_it_declares",
    "reads_half_precision",
    "reads_memory_maps",
    "reads_tensors_and_views",
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
    """The declared signals are the ones that are read: with answers, or before any."""
    if hasattr(strategy, "reads"):
        reads = declared(strategy, make())
        world, log = recorded(make())
        ask(strategy, world)
        if {*log} < {*reads}:
            ask(strategy, world.answered({}))
        expect({*log} == {*reads}, f"it declares {sorted(reads)} and reads {sorted(log)}")


def reads_tensors_and_views(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Tensors, also those that require gradients, and arrays in any memory order."""
    world = make()
    query = ask(strategy, world)
    forms: dict[str, Callable[[np.ndarray], Any]] = {
        "tensors": torch.tensor,
        "tensors that require gradients": lambda v: torch.tensor(v, requires_grad=True),
        "arrays in column order": np.asfortranarray,
        "arrays with negative strides": lambda v: np.ascontiguousarray(v[::-1])[::-1],
    }
    for name, form in forms.items():
        expect_same(query, ask(strategy, _as(world, form)), f"giving the signals as {name}")


def reads_half_precision(strategy: QueryStrategy, make: MakeWorld) -> None:
    """float16 and bfloat16 are computed in single precision: the same values, the same query."""
    world = make()
    half = _as(world, lambda v: v.astype(np.float16))
    single = _as(half, lambda v: v.astype(np.float32))
    expect_same(ask(strategy, single), ask(strategy, half), "giving the signals as float16")
    brain = _as(world, lambda v: torch.tensor(v).bfloat16())
    single = _as(brain, lambda v: v.float())
    expect_same(ask(strategy, single), ask(strategy, brain), "giving the signals as bfloat16")


def reads_memory_maps(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Memory maps that cannot be written to."""
    world = make()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        mapped = {
            name: _mapped(Path(folder) / f"{name}.npy", values)
            for name, values in world.signals.items()
        }
        query = ask(strategy, world.offering(mapped))
        expect_same(ask(strategy, world), query, "giving the signals as memory maps")
        del mapped


def _as(world: World, form: Callable[[Any], Any]) -> World:
    return world.offering({name: form(values) for name, values in world.signals.items()})


def _mapped(path: Path, values: np.ndarray) -> np.ndarray:
    np.save(path, values)
    mapped: np.ndarray = np.load(path, mmap_mode="r")
    return mapped


def learns_what_is_not_offered(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Without the signals it can learn: the exact count, the same query again, nothing moved."""
    world = make()
    raw = {*world.signals} - {*declared(strategy, world)} | {"embeddings"}
    learned = {name for name in declared(strategy, world) if learned_from(strategy, name, raw)}
    if not learned:
        return
    poor = world.offering({k: v for k, v in world.signals.items() if k not in learned})
    with expect_randomness_alone(f"learning {sorted(learned)}"):
        query = ask(strategy, poor)
    expect_sound(query, poor, 6)
    expect_same(query, ask(strategy, poor), f"learning {sorted(learned)} again")
