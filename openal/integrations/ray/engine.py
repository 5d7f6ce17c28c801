"""RayEngine: functions of rows go to where the rows are, on any number of machines."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from openal._checks import as_count, as_number
from openal.integrations.ray._carried import Carried, carried
from openal.integrations.ray._cluster import connected
from openal.integrations.ray._heads import heads_elsewhere
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
        gather_bytes: the most that a stage may take of a signal into this process at once, or a
            function return; more is refused.
    """

    rows: int | None = None
    block_bytes: int = 8 * 2**20
    cpus: float = 1.0
    retries: int = 3
    gather_bytes: int = 8 * 2**30

    def __post_init__(self) -> None:
        if self.rows is not None:
            as_count(self.rows, "rows", minimum=1)
        as_count(self.block_bytes, "block_bytes", minimum=1)
        as_number(self.cpus, "cpus", above=0)
        as_count(self.retries, "retries")
        as_count(self.gather_bytes, "gather_bytes", minimum=1)

    def __call__(self, function: Callable[..., Tensor], rows: Rows, columns: Columns) -> Tensor:
        """The results [n, ...], in the order of `rows`."""
        ray, blocks = connected(), Blocks(self.rows, self.block_bytes)
        mapped = partial(self._mapped, ray)
        with heads_elsewhere(mapped):
            prepare(rows, columns)
        sample = cut(rows, columns, np.arange(min(1, len(rows))))
        if not len(rows) or any(column.device.type != "cpu" for column in sample):
            return blocks(function, rows, columns)
        there = carried(rows.signals, tuple(name for name in columns if isinstance(name, str)))
        return mapped(function, rows, columns, [*blocks.positions(rows, columns)], there)

    def _mapped(
        self,
        ray: Any,
        function: Callable[..., Tensor],
        rows: Rows,
        columns: Columns,
        blocks: list[np.ndarray],
        there: Carried,
    ) -> Tensor:
        limits = self.cpus, self.retries, self.gather_bytes
        job = Job(ray, *limits, function, rows, columns, there)
        return gathered(function, len(rows), job.results(blocks))
