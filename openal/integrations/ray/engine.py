"""RayEngine: functions of rows go to where the rows are, on any number of machines."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from openal._checks import as_count, as_number
from openal.errors import ScoreError
from openal.integrations.ray._carried import Carried, carried
from openal.integrations.ray._cluster import connected, cpus_of
from openal.integrations.ray._worker import Work, mapped, packed, unpacked
from openal.view import Blocks, Rows, cut, gathered, prepare

__all__ = ["RayEngine"]

MOST_BLOCKS = 16
"""In a task: so much is lost with a worker."""

Columns = tuple[str | Tensor, ...]


@dataclass(frozen=True)
class RayEngine:
    """Maps over a pool on a Ray cluster: `pool.with_engine(RayEngine())`.

    The functions of scores go to the workers; each result comes back as one column. Stores and
    memory maps are opened by the workers themselves, under the path that they have here; arrays in
    memory are sent to the object store once, in parts, and again only where their numbers change.
    Learners that compute signals from images run in this process, as do stages that gather vectors.

    The blocks are those of `Blocks`, and each is computed by one thread: results do not depend on
    how many workers there are. What a worker that dies was at is computed again. Signals on a GPU
    are mapped in this process.

    Needs `pip install openal[ray]`, and a cluster: `ray.init()`.

    Attributes:
        rows: how many rows a block has; by default as many as hold about `block_bytes`.
        block_bytes: of signals, about, in a block.
        cpus: how many CPUs of the cluster a task takes.
        retries: how often what a worker was at is computed again when it dies.
    """

    rows: int | None = None
    block_bytes: int = 8 * 2**20
    cpus: float = 1.0
    retries: int = 3

    def __post_init__(self) -> None:
        if self.rows is not None:
            as_count(self.rows, "rows", minimum=1)
        as_count(self.block_bytes, "block_bytes", minimum=1)
        as_number(self.cpus, "cpus", above=0)
        as_count(self.retries, "retries")

    def __call__(self, function: Callable[..., Tensor], rows: Rows, columns: Columns) -> Tensor:
        """The results [n, ...], in the order of `rows`."""
        ray, blocks = connected(), Blocks(self.rows, self.block_bytes)
        sample = cut(rows, columns, np.arange(min(1, len(rows))))
        if not len(rows) or any(column.device.type != "cpu" for column in sample):
            return blocks(function, rows, columns)
        prepare(rows, columns)
        names = tuple(column for column in columns if isinstance(column, str))
        job = _Job(self, ray, function, rows, columns, carried(rows.signals, names, rows.indices))
        return gathered(function, len(rows), job.results([*blocks.positions(rows, columns)]))


@dataclass(frozen=True, eq=False)
class _Job:
    """One call of the engine."""

    engine: RayEngine
    ray: Any
    function: Callable[..., Tensor]
    rows: Rows
    columns: Columns
    carried: Carried

    def results(self, blocks: list[np.ndarray]) -> Iterator[tuple[np.ndarray, Any]]:
        """The positions of each block and what the function returned, in order."""
        cpus = cpus_of(self.ray)
        size = min(MOST_BLOCKS, ceil(len(blocks) / (4 * cpus)))
        start = self._starter()
        waiting: deque[tuple[Sequence[np.ndarray], Any]] = deque()
        try:
            for at in range(0, len(blocks), size):
                group = blocks[at : at + size]
                waiting.append((group, start(group)))
                if len(waiting) > 2 * cpus:
                    yield from self._first(waiting)
            while waiting:
                yield from self._first(waiting)
        finally:
            for _, reference in waiting:
                self.ray.cancel(reference)

    def _first(self, waiting: deque[Any]) -> Iterator[tuple[np.ndarray, Any]]:
        group, reference = waiting.popleft()
        returned, caught = self._got(reference)
        _warn(self.rows.signals, caught)
        for at, value in zip(group, returned, strict=True):
            yield at, unpacked(value)

    def _got(self, reference: Any) -> Any:
        """The outcome of a task; what was raised in a worker is raised here."""
        errors = self.ray.exceptions
        try:
            return self.ray.get(reference)
        except errors.RayTaskError as error:
            if not isinstance(cause := error.cause, Exception):
                raise
            raise cause from error
        except errors.RayError as error:
            raise ScoreError(
                f"{self.function!r:.200} could not be mapped: workers died {self.engine.retries + 1} "
                f"times at one task, most often because memory ran out; give smaller blocks, "
                f"RayEngine(block_bytes=...): {' '.join(str(error).split())[:300]}"
            ) from None

    def _starter(self) -> Callable[[Sequence[np.ndarray]], Any]:
        """What starts a task with some blocks."""
        here = [None if self._is_sent(column) else column for column in self.columns]
        precision = torch.get_float32_matmul_precision()
        work = Work(self.function, tuple(here), self.carried.elsewhere, precision)  # type: ignore[arg-type]
        try:
            reference = self.ray.put(work)
        except Exception as error:  # a pickle's errors are of all kinds
            raise ScoreError(
                f"{self.function!r:.200} cannot be sent to another process ({error!s:.200}); write "
                f"it at the top of a module, with functools.partial for the rest."
            ) from error
        task = _task(self.ray).options(
            num_cpus=self.engine.cpus, max_retries=self.engine.retries, name="openal map"
        )

        def start(group: Sequence[np.ndarray]) -> Any:
            indices = np.concatenate([self.rows.indices[at] for at in group])
            parts = self.carried.parts(self.ray, indices)
            blocks = [(self.rows.indices[at], self._sent(at)) for at in group]
            return task.remote(reference.hex(), [reference], blocks, [*parts], *parts.values())

        return start

    def _is_sent(self, column: str | Tensor) -> bool:
        return isinstance(column, Tensor) or column not in self.carried.elsewhere.sources

    def _sent(self, at: np.ndarray) -> list[Any]:
        """What is sent of a block: of tensors, and of signals that workers cannot have."""
        columns = tuple(column for column in self.columns if self._is_sent(column))
        return [packed(column) for column in cut(self.rows, columns, at)]


@cache
def _task(ray: Any) -> Any:
    return ray.remote(mapped)


_said: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
"""What was warned of in each query."""


def _warn(signals: Any, caught: Sequence[tuple[type[Warning], str]]) -> None:
    said = _said.setdefault(signals, set())
    for category, text in caught:
        if text not in said:
            said.add(text)
            warnings.warn(text, category, stacklevel=2)
