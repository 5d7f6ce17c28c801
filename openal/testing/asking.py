"""What every check is made of: ask, and say in one sentence what was expected and what was seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from openal.errors import OpenALError
from openal.query import Query, QueryStrategy
from openal.testing.worlds import World

__all__ = ["ask", "expect", "expect_same", "expect_sound", "open_candidates", "refused"]


def ask(strategy: QueryStrategy, world: World, budget: Any = 6, **options: Any) -> Query:
    """The strategy's query about a world, under seed 0 unless another is given."""
    options = {"seed": 0, "progress": False, **options}
    return strategy.query(world.pool, world.labeled, budget, **options)


def expect(condition: bool, seen: str) -> None:
    """An AssertionError that says what was seen, where the condition does not hold."""
    if not condition:
        raise AssertionError(seen)


def expect_same(first: Query, second: Query, change: str) -> None:
    """The two queries ask the same in the same order, in spite of the change between them."""
    a, b = first.indices.tolist(), second.indices.tolist()
    expect(a == b, f"{change} changed the query from {a} to {b}")


def open_candidates(world: World, candidates: Any = None) -> np.ndarray:
    """The candidates that have no answer yet, ascending."""
    unlabeled = world.labeled.unlabeled_indices
    return unlabeled if candidates is None else np.intersect1d(np.asarray(candidates), unlabeled)


def expect_sound(query: Query, world: World, budget: int, candidates: Any = None) -> None:
    """Exactly as many distinct, open candidates as were asked for, as an int64 array."""
    indices, allowed = query.indices, open_candidates(world, candidates)
    expect(isinstance(indices, np.ndarray), f"indices are {type(indices)}, not a NumPy array")
    expect(indices.dtype == np.int64, f"indices are {indices.dtype}, not int64")
    expected = min(budget, len(allowed))
    expect(
        indices.shape == (expected,),
        f"budget {budget} with {len(allowed)} open candidates asks for {expected}, "
        f"got shape {indices.shape}",
    )
    expect(len(np.unique(indices)) == len(indices), f"an index is there twice: {indices.tolist()}")
    foreign = np.setdiff1d(indices, allowed)
    answered = np.isin(foreign, list(world.answers))
    why = "answered already" if len(foreign) and answered[0] else "not a candidate"
    expect(len(foreign) == 0, f"index {foreign[:1].tolist()} is asked, which is {why}")


@contextmanager
def refused(what: str, *words: str) -> Iterator[None]:
    """Expects an OpenALError that names all the words."""
    try:
        yield
    except OpenALError as error:
        missing = [word for word in words if word not in str(error)]
        expect(not missing, f"{what} is refused without naming {missing}: {error}")
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        raise AssertionError(f"{what} ends in no OpenALError, but in {found}") from error
    else:
        raise AssertionError(f"{what} is not refused")
