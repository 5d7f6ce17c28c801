"""The runs of a grid, one after another, and what the runs of a seed share."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from openal._seeds import derived_seed
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.pool import Frozen, Learner, Pool
from openal.query import QueryStrategy
from openal.simulate._described import described
from openal.simulate._results_folder import ResultsFolder
from openal.simulate._trained_like import trained_like
from openal.simulate.conditions import Conditions
from openal.simulate.data import LabeledData
from openal.simulate.loop import Run, Runs, simulate
from openal.simulate.oracle import Oracle
from openal.simulate.split import OpenSetSplit

__all__ = [
    "Finish",
    "FirstOnce",
    "PlannedRun",
    "SameStart",
    "Setting",
    "finished_runs",
    "planned_runs",
    "runs_of",
]

PATIENCE = 0.5
"""Seconds between two looks at what other processes are still computing."""


@dataclass(frozen=True, eq=False)
class Setting:
    """Conditions with their `splits`, one per seed, and the `folder` of finished runs, if any.

    `first` holds the network that was trained last on first answers alone.
    """

    conditions: Conditions
    splits: Mapping[int, OpenSetSplit]
    folder: ResultsFolder | None = None
    first: dict[Any, Frozen] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One run: a setting, a seed, and a strategy with its name."""

    setting: Setting
    seed: int
    name: str
    strategy: QueryStrategy

    @property
    def done(self) -> bool:
        """Whether the run is on the disk."""
        folder = self.setting.folder
        return folder is not None and folder.has(self.name, self.seed)

    def run(self, data: LabeledData, test: LabeledData | None) -> Run | None:
        """The run, from the disk or computed now; None while another process computes it."""
        folder, key = self.setting.folder, (self.name, self.seed, described(self.strategy))
        if folder is None:
            return self._computed(data, test)
        if folder.has(self.name, self.seed):
            return folder.load(*key)
        with folder.claimed(self.name, self.seed) as mine:
            if not mine:
                return None
            run = folder.load(*key)
            if run is None:
                run = self._computed(data, test)
                folder.save(*key, run, self.setting.splits[self.seed].known)
        return run

    def _computed(self, data: LabeledData, test: LabeledData | None) -> Run:
        conditions, seed = self.setting.conditions, self.seed
        split, start = self.setting.splits[seed], derived_seed(seed, 2)
        task = conditions.task
        strategy = trained_like(
            self.strategy,
            task,
            own_schedules=conditions.own_schedules,
            on_images=conditions.on_images,
        )
        task = SameStart(task, start) if conditions.same_start else task
        return simulate(
            strategy,
            data,
            split,
            task=FirstOnce(task, self.setting.first),
            rounds=conditions.rounds,
            budget=conditions.budget,
            seed=seed,
            oracle=Oracle(split.truth, split.num_classes, conditions.noise, conditions.skip, seed),
            test=test,
            progress=False,
        )


Finish = Callable[
    [
        Sequence[Setting],
        Mapping[str, QueryStrategy],
        LabeledData,
        LabeledData | None,
        Callable[[], object],
    ],
    list[Runs],
]
"""Computes all runs: here one after another (`finished_runs`), elsewhere on many machines."""


def planned_runs(
    settings: Sequence[Setting], strategies: Mapping[str, QueryStrategy]
) -> list[PlannedRun]:
    """All runs, in the order in which they are computed: a seed of all strategies at a time."""
    if not strategies:
        raise ArgumentError("At least one strategy and one seed were expected.")
    return [
        PlannedRun(setting, seed, name, strategy)
        for setting in settings
        for seed in setting.splits
        for name, strategy in strategies.items()
    ]


def finished_runs(
    settings: Sequence[Setting],
    strategies: Mapping[str, QueryStrategy],
    data: LabeledData,
    test: LabeledData | None,
    finished: Callable[[], object],
) -> list[Runs]:
    """The runs of each setting: those that are there, those that others compute, and our own.

    `finished` is called after each that was not there in the beginning.
    """
    planned = planned_runs(settings, strategies)
    there, runs = {plan for plan in planned if plan.done}, dict[PlannedRun, Run]()
    while waiting := [plan for plan in planned if plan not in runs]:
        before = len(runs)
        for plan in waiting:
            run = plan.run(data, test)
            if run is not None:
                runs[plan] = run
                if plan not in there:
                    finished()
        if len(runs) == before:
            time.sleep(PATIENCE)
    return [runs_of(setting, runs) for setting in settings]


def runs_of(setting: Setting, runs: Mapping[PlannedRun, Run]) -> Runs:
    """The runs of a setting by the strategy's name, then by seed."""
    by_name: dict[str, dict[int, Run]] = {}
    for plan, run in runs.items():
        if plan.setting is setting:
            by_name.setdefault(plan.name, {})[plan.seed] = run
    return {name: dict(sorted(by_seed.items())) for name, by_seed in by_name.items()}


@dataclass(frozen=True)
class _Around:
    """What reads and offers the same as the `learner` in it."""

    learner: Learner

    @property
    def offers(self) -> tuple[str, ...]:
        """Those of the learner."""
        return self.learner.offers

    @property
    def reads(self) -> tuple[str, ...]:
        """Those of the learner."""
        return self.learner.reads


@dataclass(frozen=True, eq=False)
class FirstOnce(_Around):
    """A `learner` that is trained on first answers once: all strategies of a seed share these.

    `kept` holds the last one of these networks, by its seed and answers. A seed of all strategies
    is computed at a time, so that one is enough.
    """

    kept: dict[Any, Frozen]

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> Frozen:
        """The trained learner, or the one that was trained on the same first answers."""
        fit = partial(self.learner.fit, pool, labeled, seed=seed, progress=progress)
        if any(entry.begun for entry in labeled.history):
            return fit()
        key = (seed, len(pool), *(tuple(values.tolist()) for values in labeled.answers()))
        if key not in self.kept:
            trained = fit()
            self.kept.clear()
            self.kept[key] = trained
        return self.kept[key]


@dataclass(frozen=True)
class SameStart(_Around):
    """A `learner` with the same `seed` in every round: equal initial weights and random numbers."""

    seed: int

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> Frozen:
        """The trained learner; the seed is our own."""
        return self.learner.fit(pool, labeled, seed=self.seed, progress=progress)
