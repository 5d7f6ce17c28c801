"""A comparison that is ready to run: strategies, problems, seeds, data, and where it is kept."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from openal._threads import one_thread
from openal.query import QueryStrategy
from openal.simulate._results_folder import Cells
from openal.simulate.conditions import Conditions
from openal.simulate.data import LabeledData
from openal.simulate.datasets._sources import Source
from openal.simulate.grid import GridRuns, grid_cells, run_all, splits_of
from openal.simulate.split import OpenSetSplit

__all__ = ["Experiment"]


@dataclass(frozen=True, eq=False)
class Experiment:
    """Strategies at all problems and seeds; a grid's files carry the problems in their names.

    `about` and `notes` are sentences for people: where the figures come from, what is left out.
    """

    source: Source
    strategies: Mapping[str, QueryStrategy]
    problems: Sequence[Conditions]
    seeds: Sequence[int]
    settings: Mapping[str, Any]
    folder: Path
    grid: bool
    about: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def splits(self) -> Mapping[tuple[int, int], OpenSetSplit]:
        """The split of each problem, by its position, and seed."""
        source = self.source
        return splits_of(self.problems, source.labels, source.names, self.seeds, source.test)

    def check(self) -> None:
        """Refuse what cannot be, before anything is computed or written."""
        _ = self.splits
        _ = self._cells()

    def run(self) -> tuple[LabeledData, GridRuns]:
        """The data with their embeddings, and all runs, by (mismatch, ood_ratio)."""
        data = self.source.load()
        # Small matrices wait longer for other threads than they compute; networks do not.
        with one_thread() if self.source.items is None else nullcontext():
            runs = run_all(
                self.strategies,
                data,
                self.problems,
                self.splits,
                self._cells(),
                test=self.source.test,
                progress=None,
            )
        return data, runs

    def _cells(self) -> list[Cells]:
        """Where the runs are kept; an ArgumentError if the folder holds others."""
        if self.grid:
            return grid_cells(self.folder, self.problems, self.settings)
        (conditions,) = self.problems
        cells = Cells(self.folder, {**self.settings, **conditions.settings()})
        cells.check()
        return [cells]
