"""Exactly as many as asked for, each once, best first; what cannot be right is refused."""

import re
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from openal.errors import OpenALError
from openal.labeled import LabeledSet
from openal.query import Query, QueryStrategy
from openal.testing._signal_checks import declared, recorded
from openal.testing._world import (
    MakeWorld,
    ask,
    expect,
    expect_same,
    expect_sound,
    open_candidates,
    refused,
)

__all__ = [
    "counts_exactly",
    "describes_its_query",
    "is_a_strategy",
    "keeps_the_order_among_equals",
    "keeps_to_the_candidates",
    "puts_the_best_first",
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


def is_a_strategy(strategy: QueryStrategy, make: MakeWorld) -> None:
    """An instance with `query(pool, labeled, budget, ...)` that returns a Query."""
    expect(not isinstance(strategy, type), "it is a class")
    expect(isinstance(strategy, QueryStrategy), "it has no method `query`")
    declared(strategy, make())
    query = ask(strategy, make())
    expect(isinstance(query, Query), f"it returns a {type(query).__name__}, not a Query")


def counts_exactly(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Exactly min(budget, number of unlabeled candidates), also beyond the pool."""
    for seed in (0, 1):
        world = make(seed)
        n = len(open_candidates(world))
        for budget in (1, 6, n - 1, n, n + 100):
            expect_sound(ask(strategy, world, budget), world, budget)


def keeps_to_the_candidates(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Sparse candidates, far from 0 and some of them answered: the open ones alone are asked."""
    world = make(2)
    candidates = np.arange(len(world) - 1, len(world) // 3, -2)
    for budget in (5, len(candidates)):
        query = ask(strategy, world, budget, candidates=candidates)
        expect_sound(query, world, budget, candidates)
        for form in (candidates.tolist(), torch.from_numpy(candidates.copy())):
            other = ask(strategy, world, budget, candidates=form)
            expect_same(query, other, f"giving the candidates as a {type(form).__name__}")


def puts_the_best_first(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Where the last stage scores, the scores never rise along the query."""
    for seed in (0, 1, 2):
        query = ask(strategy, make(seed), 12)
        unscored = query.steps and query.steps[-1].scores is None
        if query.scores is not None and not unscored:
            scores = query.scores.tolist()
            rises = [i for i in range(1, len(scores)) if scores[i] > scores[i - 1]]
            expect(not rises, f"the score rises at position {rises[:1]}: {scores}")


def keeps_the_order_among_equals(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Items that the last stage scores alike come in the order of the stages before."""
    for world in (make(), make().doubled()):
        query = ask(strategy, world, len(world))
        step = query.steps[-1] if query.steps else None
        if step is None or step.scores is None:
            continue
        place = {index: row for row, index in enumerate(step.seen.tolist())}
        rows, scores = [place[index] for index in query], step.scores.tolist()
        for before, after in pairwise(rows):
            swapped = scores[before] == scores[after] and before > after
            both = step.seen[[before, after]].tolist()
            expect(not swapped, f"{both} score alike, and the stage before ranks them otherwise")


def describes_its_query(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Scores are aligned with the indices, and the candidates are counted."""
    world = make()
    open_ = len(open_candidates(world))
    query = ask(strategy, world)
    for name in ("scores", "purity", "informativeness"):
        values = getattr(query, name)
        if values is not None:
            kind = (values.dtype, tuple(values.shape))
            expect(kind == (torch.float32, (len(query),)), f"{name} is {kind}, one float32 each")
    found = query.n_candidates
    expect(found == open_, f"n_candidates is {found}, but {open_} are open")
    expect(query.n_filled >= 0, f"n_filled is {query.n_filled}")
