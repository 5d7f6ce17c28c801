"""One call of the engine: blocks of rows as tasks of Ray, their results in order."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any, final
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from openal.errors import ArgumentError, ScoreError
from openal.integrations.ray._carried import Carried
from openal.integrations.ray._cluster import cpus_of
from openal.integrations.ray._worker import Outcome, Work, mapped, packed, unpacked
from openal.view import Rows, cut

__all__ = ["Columns", "Job"]

MOST_BLOCKS = 16
"""In a task: so much is lost with a worker."""

Columns = tuple[str | Tensor, ...]


@final
@dataclass(frozen=True, eq=False)
class Job:
    """One call of the engine."""

    ray: Any
    cpus: float
    retries: int
    gather_bytes: int
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
        outcome = self._got(reference)
        _warn(self.rows.signals, outcome.caught)
        for at, value in zip(group, outcome.returned, strict=False):  # up to the error
            self._require_room(value, len(at))
            yield at, unpacked(value)
        if outcome.error is not None:
            raise outcome.error

    def _require_room(self, value: Any, rows: int) -> None:
        wanted = getattr(value, "nbytes", 0) // max(1, rows) * len(self.rows)
        if wanted > self.gather_bytes:
            raise ArgumentError(
                f"what {self.function!r:.200} returns for {len(self.rows):,} items takes "
                f"{wanted:,} bytes here; gather_bytes of RayEngine is {self.gather_bytes:,}. Let a "
                f"stage before it keep fewer, as Top(score, factor=20) does, or give more."
            )

    def _got(self, reference: Any) -> Outcome:
        """The outcome of a task."""
        try:
            outcome: Outcome = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError:  # of Ray's own, or one that does not pickle
            raise
        except self.ray.exceptions.RayError as error:
            raise ScoreError(
                f"{self.function!r:.200} could not be mapped: workers died {self.retries + 1} "
                f"times at one task, most often because memory ran out; give smaller blocks, "
                f"RayEngine(block_bytes=...): {' '.join(str(error).split())[:300]}"
            ) from None
        return outcome

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
            num_cpus=self.cpus, max_retries=self.retries, name="openal map"
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
