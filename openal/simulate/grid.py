"""Strategies, ratios and seeds in one call, shared by any number of processes."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from openal._progress import progress_bar
from openal._threads import one_thread
from openal.errors import ArgumentError
from openal.query import QueryStrategy
from openal.simulate._feature_maps import keep_feature_map
from openal.simulate._planned_runs import Finish, Setting, finished_runs, planned_runs
from openal.simulate._results_folder import ResultsFolder, check_grid
from openal.simulate._whole_data import kept_accuracy
from openal.simulate.conditions import VARYING, Conditions
from openal.simulate.data import LabeledData, require_readable
from openal.simulate.datasets._sources import DataSource
from openal.simulate.loop import Runs
from openal.simulate.metrics import Spread, spread
from openal.simulate.split import OpenSetSplit

__all__ = ["Experiment", "GridRuns", "compare_grid", "conditions_at"]

GridRuns = Mapping[tuple[float, float | None], Runs]
"""The runs at each (mismatch, ood_ratio)."""

Splits = Mapping[tuple[int, int], OpenSetSplit]
"""The split of each conditions, by their position in the grid, and seed."""


def compare_grid(
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    grid: Sequence[Conditions],
    seeds: Sequence[int],
    *,
    test: LabeledData | None = None,
    folder: Path | str | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: bool | None = None,
    finish: Finish = finished_runs,
) -> GridRuns:
    """The runs of all strategies at all seeds, for every conditions of a grid.

    With a `folder`, each finished run is a file in it, and is not computed again. Any number of
    processes may share the folder: each takes the next run that is neither there nor another's,
    and all return the same. What a killed process was at is computed again, with the same numbers.

    Args:
        strategies: what is compared, by name.
        data: the items, with labels that only the oracle and the judge see.
        grid: the conditions, which differ in their ratios (`conditions_at`).
        seeds: those of splits, training and queries; at one seed all strategies see one split.
        test: a test set of its own; by default the test items of each split.
        folder: where finished runs are kept; None keeps none.
        settings: what else the runs depend on, the data above all, as values that JSON can hold.
        progress: True for a bar, False for none, None for a bar on a terminal only.
        finish: what computes the runs; `openal.integrations.ray.RayRuns()` does so on a cluster.

    Returns:
        The runs by (mismatch, ood_ratio), then by the strategy's name, then by seed.

    Raises:
        ArgumentError: before anything is computed: a split that the data cannot give, a folder
            with results of other settings, nothing to compare.

    >>> from openal.strategies import Random
    >>> data = LabeledData(np.arange(90) % 3, embeddings=np.eye(90))
    >>> grid = conditions_at(Conditions(3, rounds=1, budget=2), [0.4, 0.6], [None])
    >>> runs = compare_grid({"Random": Random()}, data, grid, seeds=[0, 1])
    >>> list(runs), list(runs[0.4, None]["Random"])
    ([(0.4, None), (0.6, None)], [0, 1])
    """
    for conditions in grid:
        require_readable(conditions.task, data, test)
    _warn_of_shared_learners(strategies, data)
    splits = _splits(grid, data.labels, data.names, seeds, test)
    folders = [None] * len(grid) if folder is None else _folders(folder, grid, settings)
    return _run(
        strategies, data, grid, splits, folders, test=test, progress=progress, finish=finish
    )


def _warn_of_shared_learners(strategies: Mapping[str, QueryStrategy], data: LabeledData) -> None:
    """Warn where a learner in the data takes the place of several that are not alike."""
    for signal, learner in data.learners.items():
        own = {name: _learners_of(strategy, signal) for name, strategy in strategies.items()}
        own = {name: learners for name, learners in own.items() if learners}
        if len(set(own.values())) > 1:
            warnings.warn(
                f"data offers {signal!r} by {learner!r:.200}, which goes before the learners that "
                f"{', '.join(own)} would train, each another one. Leave it out of data, or give "
                f"each strategy its own, as in LfOSA(detector=Detector(...)).",
                stacklevel=3,
            )


def _learners_of(strategy: QueryStrategy, signal: str) -> str:
    """The learners that a strategy brings for a signal, as text."""
    learners = getattr(strategy, "learners", ())
    return ", ".join(repr(learner) for learner in learners if signal in learner.offers)


def conditions_at(
    conditions: Conditions, mismatch: Sequence[float], ood_ratio: Sequence[float | None]
) -> list[Conditions]:
    """The conditions at every pair of ratios: a grid.

    Args:
        conditions: everything else; their own ratios are replaced.
        mismatch: shares of known classes, above 0 and at most 1.
        ood_ratio: shares of unknown items in the pool, below 1; None keeps all unknown items.
    """
    return [
        replace(conditions, mismatch=known, ood_ratio=unknown)
        for known, unknown in product(mismatch, ood_ratio)
    ]


@dataclass(frozen=True, eq=False)
class Experiment:
    """A comparison that is ready to run: strategies at all conditions and seeds, on one source.

    The runs are kept in `folder`, with the `settings` that they depend on beside the conditions
    of the `grid`; if `is_grid`, the files carry the ratios in their names. `about` and `notes` are
    sentences for people: where the figures come from, what is left out. With `whole` the accuracy
    on the whole data set is told too; with `tsne` the features of the classifiers are mapped.
    `finish` computes the runs.
    """

    source: DataSource
    strategies: Mapping[str, QueryStrategy]
    grid: Sequence[Conditions]
    seeds: Sequence[int]
    settings: Mapping[str, Any]
    folder: Path
    is_grid: bool
    about: str = ""
    notes: tuple[str, ...] = ()
    whole: bool = False
    tsne: bool = False
    finish: Finish = finished_runs

    @cached_property
    def splits(self) -> Splits:
        """The split of each conditions, by their position, and seed."""
        source = self.source
        return _splits(self.grid, source.labels, source.names, self.seeds, source.test)

    def check(self) -> None:
        """Refuse what cannot be, before anything is computed or written."""
        _ = self.splits
        _ = self._folders()
        for conditions in self.grid if self.tsne else ():
            if "features" not in conditions.task.offers:
                raise ArgumentError(
                    f"--tsne maps the features of the classifier; {conditions.task!r:.80} offers "
                    f"{', '.join(conditions.task.offers)} alone."
                )

    def run(self) -> tuple[LabeledData, GridRuns]:
        """The data with their embeddings, and all runs, by (mismatch, ood_ratio)."""
        data, test = self.source.load(), self.source.test
        # Small matrices wait longer for other threads than they compute; networks do not.
        with one_thread() if self.source.items is None else nullcontext():
            folders = self._folders()
            runs = _run(
                self.strategies,
                data,
                self.grid,
                self.splits,
                folders,
                test=test,
                progress=None,
                finish=self.finish,
            )
        return data, runs

    def whole_data(self, data: LabeledData) -> list[Spread | None]:
        """Of each conditions the accuracy on the whole data set; None where nobody asks for it."""
        if not self.whole:
            return [None] * len(self.grid)
        pairs = enumerate(zip(self._folders(), self.grid, strict=True))
        return [spread([*self._whole(data, at, *pair)]) for at, pair in pairs]

    def map_features(self, data: LabeledData, runs: GridRuns) -> None:
        """Keep the maps of the classifiers' features at the smallest seed, where asked for."""
        seed = min(self.seeds)
        parts = zip(self._folders(), self.grid, runs.values(), strict=True)
        for at, (folder, conditions, compared) in enumerate(parts if self.tsne else ()):
            of_seed = {name: by_seed[seed] for name, by_seed in compared.items()}
            keep_feature_map(folder, seed, of_seed, data, self.splits[at, seed], conditions)

    def _whole(
        self, data: LabeledData, at: int, folder: ResultsFolder, conditions: Conditions
    ) -> Iterator[float]:
        for seed in self.seeds:
            split = self.splits[at, seed]
            yield kept_accuracy(folder, seed, data, split, conditions, self.source.test)

    def _folders(self) -> list[ResultsFolder]:
        """Where the runs are kept; an ArgumentError if the folder holds others."""
        if self.is_grid:
            return _folders(self.folder, self.grid, self.settings)
        (conditions,) = self.grid
        folder = ResultsFolder(self.folder, {**self.settings, **conditions.settings()})
        folder.check()
        return [folder]


def _run(
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    grid: Sequence[Conditions],
    splits: Splits,
    folders: Sequence[ResultsFolder | None],
    *,
    test: LabeledData | None,
    progress: bool | None,
    finish: Finish,
) -> GridRuns:
    """The runs at `splits`, kept in the folder of each conditions."""
    settings = [
        Setting(conditions, {seed: split for (at, seed), split in splits.items() if at == k}, kept)
        for k, (conditions, kept) in enumerate(zip(grid, folders, strict=True))
    ]
    planned = planned_runs(settings, strategies)
    there = sum(plan.done for plan in planned)
    total = len(planned)
    with progress_bar(progress, total=total, initial=there, unit="run", leave=False) as bar:
        runs = finish(settings, strategies, data, test, bar.update)
    ratios = [(conditions.mismatch, conditions.ood_ratio) for conditions in grid]
    return dict(zip(ratios, runs, strict=True))


def _folders(
    folder: Path | str, grid: Sequence[Conditions], settings: Mapping[str, Any] | None
) -> list[ResultsFolder]:
    """Where the runs of each conditions are kept; an ArgumentError if the folder holds others."""
    common = {**(settings or {}), "grid": True}
    folders = [
        ResultsFolder(Path(folder), {**common, **conditions.settings()}, conditions.tag)
        for conditions in grid
    ]
    check_grid(folders, VARYING)
    return folders


def _splits(
    grid: Sequence[Conditions],
    labels: np.ndarray,
    names: Sequence[str],
    seeds: Sequence[int],
    test: LabeledData | None,
) -> Splits:
    """The split of each conditions and seed; or an error that names the two."""
    if not grid or not len(seeds):
        raise ArgumentError("At least one strategy and one seed were expected.")
    tags = [conditions.tag for conditions in grid]
    if len(set(tags)) < len(tags):
        raise ArgumentError(f"the conditions of a grid must differ in their ratios, got {tags}.")
    splits = {}
    for (number, conditions), seed in product(enumerate(grid), seeds):
        try:
            split = conditions.split(labels, names, seed, own_test=test is not None)
            _require_tests(split, test)
        except ArgumentError as error:
            if len(grid) == 1:
                raise
            raise ArgumentError(f"{conditions.title}, seed {seed}: {error}") from error
        splits[number, seed] = split
    return splits


def _require_tests(split: OpenSetSplit, test: LabeledData | None) -> None:
    if test is not None and not (split.relabel(test.labels) >= 0).any():
        raise ArgumentError("the test set has no item of a known class.")
