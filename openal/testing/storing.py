"""The same values in another container are the same pool."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from openal.query import QueryStrategy
from openal.testing.asking import ask, expect_same
from openal.testing.worlds import MakeWorld, World

__all__ = ["reads_half_precision", "reads_memory_maps", "reads_tensors_and_views"]


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
