"""Runs what a strategy gives to `View.map` in another process, as an engine on a cluster would."""

import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache

import numpy as np
import torch
from torch import Tensor

from openal.query import QueryStrategy
from openal.testing.asking import ask, expect_same
from openal.testing.worlds import MakeWorld
from openal.view import Rows

__all__ = ["Elsewhere", "runs_in_another_process"]

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
