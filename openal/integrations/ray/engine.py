"""RayEngine: functions of rows go to where the rows are, on any number of machines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from openal._checks import as_count, as_number
from openal.integrations.ray._carried import carried
from openal.integrations.ray._cluster import connected
from openal.integrations.ray._heads import heads
from openal.integrations.ray._job import Columns, Job
from openal.view import Blocks, Rows, cut, gathered, prepare

__all__ = ["RayEngine"]


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
        for name in _names(columns):
            for pass_ in heads(rows, name):
                pass_.keep(
                    self._mapped(ray, pass_.function, pass_.rows, pass_.columns, pass_.blocks)
                )
        prepare(rows, columns)
        return self._mapped(ray, function, rows, columns, [*blocks.positions(rows, columns)])

    def _mapped(
        self,
        ray: Any,
        function: Callable[..., Tensor],
        rows: Rows,
        columns: Columns,
        blocks: list[np.ndarray],
    ) -> Tensor:
        there = carried(rows.signals, _names(columns), rows.indices)
        job = Job(ray, self.cpus, self.retries, function, rows, columns, there)
        return gathered(function, len(rows), job.results(blocks))


def _names(columns: Columns) -> tuple[str, ...]:
    return tuple(column for column in columns if isinstance(column, str))
