"""What cannot be right is refused, with an error of `openal` that says what and where."""

import re
from typing import Any

import numpy as np
import torch

from openal.errors import OpenALError
from openal.labeled import LabeledSet
from openal.query import QueryStrategy
from openal.testing.asking import ask, expect, refused
from openal.testing.declaring import declared, recorded
from openal.testing.worlds import MakeWorld

__all__ = [
    "refuses_another_size",
    "refuses_wrong_budgets",
    "refuses_wrong_candidates",
    "stops_at_a_bad_number",
]


def refuses_wrong_budgets(strategy: QueryStrategy, make: MakeWorld) -> None:
    """A budget is a whole number of at least one."""
    wrong: tuple[Any, ...] = (0, -1, True, 1.0, "5", None, float("nan"))
    for budget in wrong:
        with refused(f"budget {budget!r}", "budget"):
            ask(strategy, make(), budget)


def refuses_wrong_candidates(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Candidates are distinct indices into the pool, at least one."""
    world = make()
    n = len(world)
    wrong: dict[str, Any] = {
        "repeated": [3, 4, 3],
        "beyond the pool": [0, n],
        "negative": [-1, 2],
        "of no number": [],
        "that are floats": [1.0, 2.0],
        "that are a mask": np.ones(n, bool),
        "in two dimensions": torch.arange(4).reshape(2, 2),
    }
    for name, candidates in wrong.items():
        with refused(f"candidates {name}", "candidates"):
            ask(strategy, world, candidates=candidates)


def refuses_another_size(strategy: QueryStrategy, make: MakeWorld) -> None:
    """The labeled set is about as many items as the pool has."""
    world = make()
    for size in (len(world) - 1, len(world) + 1):
        labeled = LabeledSet(size, world.num_classes)
        with refused(f"a labeled set of {size} items for a pool of {len(world)}", str(size)):
            strategy.query(world.pool, labeled, 6, seed=0, progress=False)


def stops_at_a_bad_number(strategy: QueryStrategy, make: MakeWorld) -> None:
    """A NaN or an infinity in a row that is read: an error that names the signal and the index."""
    world, log = recorded(make())
    reads = declared(strategy, make())
    ask(strategy, world)
    for name in reads:
        rows = sorted(log.get(name, ()))
        answered = [row for row in rows if row in world.answers]
        candidates = [row for row in rows if row not in world.answers]
        for index in (*candidates[-1:], *answered[:1]):
            for bad in (np.nan, np.inf):
                _expect_stop(strategy, make, name, index, bad)


def _expect_stop(
    strategy: QueryStrategy, make: MakeWorld, name: str, index: int, bad: float
) -> None:
    world = make()
    values = world.signals[name].copy()
    values[index, ...].flat[-1] = bad
    what = f"{bad} in {name!r} at index {index}"
    try:
        query = ask(strategy, world.offering({**world.signals, name: values}))
    except OpenALError as error:
        numbers = re.findall(r"\d+", str(error))
        named = name in str(error) and str(index) in numbers
        expect(named, f"{what} is refused without naming both: {error}")
    except Exception as error:
        raise AssertionError(f"{what} ends in a {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"{what} is not refused, it asks {query.indices.tolist()}")
