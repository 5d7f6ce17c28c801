"""The same question has the same answer, however and wherever it is put."""

import multiprocessing
import pickle
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from openal.query import Query, QueryStrategy
from openal.testing._world import MakeWorld, ask, expect, expect_same
from openal.view import Blocks, Rows

__all__ = [
    "Elsewhere",
    "expect_randomness_alone",
    "follows_renamed_items",
    "ignores_block_sizes",
    "ignores_the_order_of_candidates",
    "leaves_global_randomness_alone",
    "repeats_itself_under_a_seed",
    "runs_in_another_process",
    "tied",
]


def repeats_itself_under_a_seed(strategy: QueryStrategy, make: MakeWorld) -> None:
    """The same seed gives the same query, whatever else drew numbers or was asked in between."""
    first = ask(strategy, make(), seed=5)
    random.random()  # noqa: S311
    np.random.rand()  # noqa: NPY002
    torch.rand(1)
    ask(strategy, make(1), 9)
    expect_same(first, ask(strategy, make(), seed=5), "asking again under the same seed")
    first = ask(strategy, make(), seed=torch.Generator().manual_seed(5))
    again = ask(strategy, make(), seed=torch.Generator().manual_seed(5))
    expect_same(first, again, "asking again with an equal generator")


def leaves_global_randomness_alone(strategy: QueryStrategy, make: MakeWorld) -> None:
    """A query neither draws from nor seeds the global generators, not even for a while."""
    for seed in (0, None):
        with expect_randomness_alone(f"a query with seed={seed}"):
            ask(strategy, make(), seed=seed)
    with expect_randomness_alone("a query in another thread"), ThreadPoolExecutor(1) as thread:
        before, asked = _random_states(), thread.submit(ask, strategy, make(), seed=0)
        while not asked.done():
            moved = _moved(before, _random_states())
            expect(not moved, f"a query moves the global state of {moved} while it runs")
            wait([asked], timeout=0.001)
        asked.result()


@contextmanager
def expect_randomness_alone(what: str) -> Iterator[None]:
    """Expects that the global generators of Python, NumPy and torch stay where they are."""
    before = _random_states()
    yield
    after = _random_states()
    moved = _moved(before, after)
    expect(not moved, f"{what} moved the global state of {moved}")


def _moved(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


def ignores_the_order_of_candidates(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Candidates are a set: shuffling them changes nothing, also among duplicates."""
    for world in (make(1), make(1).doubled()):
        candidates = np.arange(3, len(world))
        shuffled = np.random.default_rng(0).permutation(candidates)
        expect_same(
            ask(strategy, world, candidates=candidates),
            ask(strategy, world, candidates=shuffled),
            "shuffling the candidates",
        )


def follows_renamed_items(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Where neither the seed nor a tie decides, renaming the items renames the query."""
    for seed in (0, 1):
        world = make(seed)
        query = ask(strategy, world)
        if _draws(strategy, make, seed) or tied(query):
            continue
        names = np.random.default_rng(seed).permutation(len(world))
        found, expected = ask(strategy, world.renamed(names)).indices, names[query.indices]
        expect(
            np.array_equal(found, expected),
            f"renaming the items changed what is asked: {found.tolist()} should be "
            f"{expected.tolist()}",
        )


def ignores_block_sizes(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Blocks of one row, of seven and of everything give the same query, also among duplicates."""
    for world in (make(), make(1).doubled()):
        query = ask(strategy, world)
        for rows in (1, 7, len(world)):
            pool = world.pool.with_engine(Blocks(rows))
            other = strategy.query(pool, world.labeled, 6, seed=0, progress=False)
            expect_same(query, other, f"mapping over blocks of {rows} rows")


def tied(query: Query) -> bool:
    """Whether some stage gave two of its candidates the same score."""
    scores = [step.scores for step in query.steps if step.scores is not None]
    return any(len(each.unique()) < len(each) for each in scores)


def _draws(strategy: QueryStrategy, make: MakeWorld, world_seed: int) -> bool:
    queries = (ask(strategy, make(world_seed), seed=seed).indices for seed in range(3))
    return len({tuple(indices.tolist()) for indices in queries}) > 1


def _random_states() -> dict[str, Any]:
    numpy = dict(np.random.get_state(legacy=False))  # noqa: NPY002
    on_cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {
        "random": random.getstate(),
        "numpy": pickle.dumps(numpy),
        "torch": torch.get_rng_state().tolist(),
        "torch.cuda": [state.tolist() for state in on_cuda],
    }


REMEDY = "write it at the top of a module that can be imported, with functools.partial for the rest"


class Elsewhere:
    """An engine that pickles the function and a block, and has another process apply it."""

    def __call__(
        self, function: Callable[..., Tensor], rows: Rows, columns: tuple[str | Tensor, ...]
    ) -> Tensor:
        """The results [n, ...], in the order of `rows`, from blocks of sixteen."""
        blocks = np.split(np.arange(len(rows)), range(16, len(rows), 16))
        return torch.cat([_sent(function, _cut(rows, columns, block)) for block in blocks])


def runs_in_another_process(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Every function that is mapped can be pickled, imported and run in another process."""
    world = make()
    pool = world.pool.with_engine(Elsewhere())
    query = strategy.query(pool, world.labeled, 6, seed=0, progress=False)
    expect_same(ask(strategy, world), query, "mapping in another process")


def _cut(rows: Rows, columns: tuple[str | Tensor, ...], block: np.ndarray) -> list[Tensor]:
    part = Rows(rows.indices[block], rows.signals)
    at = torch.from_numpy(block)
    return [each[at] if isinstance(each, Tensor) else part[each] for each in columns]


def _sent(function: Callable[..., Tensor], block: list[Tensor]) -> Tensor:
    try:
        task = pickle.dumps((function, block))
    except Exception as error:
        raise AssertionError(f"{function!r} does not pickle ({error}); {REMEDY}") from error
    try:
        answer = _process().submit(_applied, task).result()
    except BrokenProcessPool as error:
        _process.cache_clear()
        raise AssertionError(
            "the other process did not start; a script that calls check_strategy must do so "
            'under `if __name__ == "__main__":`'
        ) from error
    result = pickle.loads(answer)  # noqa: S301
    if isinstance(result, str):
        raise AssertionError(f"{function!r} is unknown in another process ({result}); {REMEDY}")
    found: Tensor = result
    return found


def _applied(task: bytes) -> bytes:
    """Runs in the other process; what cannot be imported there comes back as the reason."""
    try:
        function, block = pickle.loads(task)  # noqa: S301
    except (AttributeError, ImportError) as error:
        return pickle.dumps(f"{type(error).__name__}: {error}")
    return pickle.dumps(function(*block))


@cache
def _process() -> ProcessPoolExecutor:
    """One process for all checks: it starts once, which takes seconds."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, context, initializer=torch.set_num_threads, initargs=(1,))
