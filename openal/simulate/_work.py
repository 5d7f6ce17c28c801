"""The runs of a grid, one after another: what is not there and nobody else is at."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openal._seeds import derived_seed
from openal.errors import ArgumentError
from openal.query import QueryStrategy
from openal.simulate._results_folder import Cells
from openal.simulate._trained_alike import SameStart, trained_like
from openal.simulate.conditions import Conditions
from openal.simulate.data import LabeledData
from openal.simulate.loop import Run, Runs, simulate
from openal.simulate.oracle import Oracle
from openal.simulate.split import OpenSetSplit

__all__ = ["Cell", "Problem", "Runs", "cells_of", "work"]

PATIENCE = 0.5
"""Seconds between two looks at what other processes are still computing."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Conditions, their split at each seed, and where finished runs are kept."""

    conditions: Conditions
    splits: Mapping[int, OpenSetSplit]
    cells: Cells | None = None


@dataclass(frozen=True, eq=False)
class Cell:
    """One run: a problem, a seed and a strategy."""

    problem: Problem
    seed: int
    name: str
    strategy: QueryStrategy

    @property
    def done(self) -> bool:
        """Whether the run is on the disk."""
        cells = self.problem.cells
        return cells is not None and cells.has(self.name, self.seed)

    def run(self, data: LabeledData, test: LabeledData | None) -> Run | None:
        """The run, from the disk or computed now; None while another process is at it."""
        cells, key = self.problem.cells, (self.name, self.seed, repr(self.strategy))
        if cells is None:
            return self._played(data, test)
        if cells.has(self.name, self.seed):
            return cells.load(*key)
        with cells.claimed(self.name, self.seed) as mine:
            if not mine:
                return None
            run = cells.load(*key)
            if run is None:
                run = self._played(data, test)
                cells.save(*key, run, self.problem.splits[self.seed].known)
        return run

    def _played(self, data: LabeledData, test: LabeledData | None) -> Run:
        conditions, seed = self.problem.conditions, self.seed
        split, start = self.problem.splits[seed], derived_seed(seed, 2)
        task, strategy = conditions.task, trained_like(self.strategy, conditions.task)
        return simulate(
            strategy,
            data,
            split,
            task=SameStart(task, start) if conditions.same_start else task,
            rounds=conditions.rounds,
            budget=conditions.budget,
            seed=seed,
            oracle=Oracle(split.truth, split.num_classes, conditions.noise, conditions.skip, seed),
            test=test,
            progress=False,
        )


def cells_of(
    problems: Sequence[Problem], strategies: Mapping[str, QueryStrategy]
) -> Iterator[Cell]:
    """All runs, in the order in which they are computed: a seed of all strategies at a time."""
    for problem in problems:
        for seed in problem.splits:
            for name, strategy in strategies.items():
                yield Cell(problem, seed, name, strategy)


def work(
    problems: Sequence[Problem],
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    test: LabeledData | None,
    finished: Callable[[], object],
) -> list[Runs]:
    """The runs of each problem: those that are there, those that others compute, and our own.

    `finished` is called after each that was not there in the beginning.
    """
    if not strategies:
        raise ArgumentError("At least one strategy and one seed were expected.")
    cells = list(cells_of(problems, strategies))
    there, found = {cell for cell in cells if cell.done}, dict[Cell, Run]()
    while waiting := [cell for cell in cells if cell not in found]:
        before = len(found)
        for cell in waiting:
            run = cell.run(data, test)
            if run is not None:
                found[cell] = run
                if cell not in there:
                    finished()
        if len(found) == before:
            time.sleep(PATIENCE)
    return [_by_name(found, problem) for problem in problems]


def _by_name(found: Mapping[Cell, Run], problem: Problem) -> Runs:
    runs: dict[str, dict[int, Run]] = {}
    for cell, run in found.items():
        if cell.problem is problem:
            runs.setdefault(cell.name, {})[cell.seed] = run
    return {name: dict(sorted(by_seed.items())) for name, by_seed in runs.items()}
