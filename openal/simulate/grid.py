"""Strategies, ratios and seeds in one call, shared by any number of processes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from openal.errors import ArgumentError
from openal.query import QueryStrategy
from openal.simulate._results_folder import Cells, check_grid
from openal.simulate._work import Problem, Runs, cells_of, work
from openal.simulate.conditions import VARYING, Conditions
from openal.simulate.data import LabeledData
from openal.simulate.split import OpenSetSplit

__all__ = [
    "Conditions",
    "GridRuns",
    "Runs",
    "compare",
    "compare_grid",
    "grid_cells",
    "problems_of",
    "run_all",
    "splits_of",
]

GridRuns = Mapping[tuple[float, float | None], Runs]
"""The runs at each (mismatch, ood_ratio)."""


def compare_grid(
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    problems: Sequence[Conditions],
    seeds: Sequence[int],
    *,
    test: LabeledData | None = None,
    folder: Path | str | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> GridRuns:
    """The runs of all strategies at all seeds, for every problem, by (mismatch, ood_ratio).

    With a `folder`, each finished run is a file in it, and is not computed again. Any number of
    processes may share the folder: each takes the next run that is neither there nor another's,
    and all return the same. What a killed process was at is computed again, with the same numbers.
    `settings` say what else the runs depend on, the data above all; a folder with others is
    refused. A split that the data cannot give is refused before anything is computed.

    >>> from openal.strategies import Random
    >>> data = LabeledData(np.arange(90) % 3, embeddings=np.eye(90))
    >>> problems = problems_of(Conditions(3, rounds=1, budget=2), [0.4, 0.6], [None])
    >>> runs = compare_grid({"Random": Random()}, data, problems, seeds=[0, 1])
    >>> list(runs), list(runs[0.4, None]["Random"])
    ([(0.4, None), (0.6, None)], [0, 1])
    """
    splits = splits_of(problems, data.labels, data.names, seeds, test)
    every = [None] * len(problems) if folder is None else grid_cells(folder, problems, settings)
    return run_all(strategies, data, problems, splits, every, test=test, progress=progress)


def run_all(
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    problems: Sequence[Conditions],
    splits: Mapping[tuple[int, int], OpenSetSplit],
    every: Sequence[Cells | None],
    *,
    test: LabeledData | None,
    progress: bool | None,
) -> GridRuns:
    """The runs at `splits`, by position of the problem and seed, kept in the cells of each."""
    made = [
        Problem(each, {seed: split for (at, seed), split in splits.items() if at == number}, cells)
        for number, (each, cells) in enumerate(zip(problems, every, strict=True))
    ]
    cells = list(cells_of(made, strategies))
    there = sum(cell.done for cell in cells)
    hidden = None if progress is None else not progress
    with tqdm(total=len(cells), initial=there, unit="run", disable=hidden, leave=False) as bar:
        runs = work(made, strategies, data, test, bar.update)
    ratios = [(each.mismatch, each.ood_ratio) for each in problems]
    return dict(zip(ratios, runs, strict=True))


def problems_of(
    conditions: Conditions, mismatch: Sequence[float], ood_ratio: Sequence[float | None]
) -> list[Conditions]:
    """The conditions at every pair of ratios; None keeps all unknown items."""
    return [
        replace(conditions, mismatch=known, ood_ratio=unknown)
        for known, unknown in product(mismatch, ood_ratio)
    ]


def grid_cells(
    folder: Path | str, problems: Sequence[Conditions], settings: Mapping[str, Any] | None
) -> list[Cells]:
    """Where the runs of each problem are kept; an ArgumentError if the folder holds others."""
    common = {**(settings or {}), "grid": True}
    made = [Cells(Path(folder), {**common, **each.settings()}, each.tag) for each in problems]
    check_grid(made, VARYING)
    return made


def splits_of(
    problems: Sequence[Conditions],
    labels: np.ndarray,
    names: Sequence[str],
    seeds: Sequence[int],
    test: LabeledData | None = None,
) -> dict[tuple[int, int], OpenSetSplit]:
    """The split of each problem, by its position, and seed; or an error that names the cell."""
    if not problems or not len(seeds):
        raise ArgumentError("At least one strategy and one seed were expected.")
    tags = [each.tag for each in problems]
    if len(set(tags)) < len(tags):
        raise ArgumentError(f"the problems of a grid must differ in their ratios, got {tags}.")
    splits = {}
    for (number, each), seed in product(enumerate(problems), seeds):
        try:
            splits[number, seed] = each.split(labels, names, seed, own_test=test is not None)
            _require_tests(splits[number, seed], test)
        except ArgumentError as error:
            if len(problems) == 1:
                raise
            raise ArgumentError(f"{each.title}, seed {seed}: {error}") from error
    return splits


def _require_tests(split: OpenSetSplit, test: LabeledData | None) -> None:
    if test is not None and not (split.relabel(test.labels) >= 0).any():
        raise ArgumentError("the test set has no item of a known class.")


def compare(
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    conditions: Conditions,
    seeds: Sequence[int],
    *,
    test: LabeledData | None = None,
    cells: Cells | None = None,
    finished: Callable[[], object] = lambda: None,
) -> Runs:
    """The runs of all strategies at all seeds; at one seed all see the same split.

    Runs that `cells` already has are not computed again, others are kept there; `finished` is
    called after each. `test` is a test set of its own.
    """
    splits = splits_of([conditions], data.labels, data.names, seeds, test)
    problem = Problem(conditions, {seed: split for (_, seed), split in splits.items()}, cells)
    (runs,) = work([problem], strategies, data, test, finished)
    return runs
