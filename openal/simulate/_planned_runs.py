"""The runs of a grid, one after another, and how their networks are trained alike."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, is_dataclass, replace
from functools import partial
from typing import Any, cast

from openal._seeds import derived_seed
from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.learners import Classifier
from openal.learners.networks import PixelResNet18, SmallCNN
from openal.pool import Frozen, Learner, Pool
from openal.query import Chain, Paper, QueryStrategy
from openal.simulate._described import described
from openal.simulate._results_folder import ResultsFolder
from openal.simulate.conditions import Conditions
from openal.simulate.data import LabeledData
from openal.simulate.loop import Run, Runs, simulate
from openal.simulate.oracle import Oracle
from openal.simulate.split import OpenSetSplit

__all__ = [
    "FirstOnce",
    "PlannedRun",
    "SameStart",
    "Setting",
    "TrainedLike",
    "finished_runs",
    "planned_runs",
    "trained_like",
]

PATIENCE = 0.5
"""Seconds between two looks at what other processes are still computing."""

SHARED = ("factory", "batch_size", "augment", "device", "amp")
SCHEDULE = (
    *("epochs", "lr", "momentum", "weight_decay", "step_size", "gamma", "milestones"),
    "schedule",
)
"""The fields of a task network that other networks take over."""


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
        task, strategy = conditions.task, trained_like(self.strategy, conditions.task)
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


def planned_runs(
    settings: Sequence[Setting], strategies: Mapping[str, QueryStrategy]
) -> Iterator[PlannedRun]:
    """All runs, in the order in which they are computed: a seed of all strategies at a time."""
    for setting in settings:
        for seed in setting.splits:
            for name, strategy in strategies.items():
                yield PlannedRun(setting, seed, name, strategy)


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
    if not strategies:
        raise ArgumentError("At least one strategy and one seed were expected.")
    planned = list(planned_runs(settings, strategies))
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
    return [_by_name(runs, setting) for setting in settings]


def _by_name(runs: Mapping[PlannedRun, Run], setting: Setting) -> Runs:
    by_name: dict[str, dict[int, Run]] = {}
    for plan, run in runs.items():
        if plan.setting is setting:
            by_name.setdefault(plan.name, {})[plan.seed] = run
    return {name: dict(sorted(by_seed.items())) for name, by_seed in by_name.items()}


@dataclass(frozen=True, eq=False)
class FirstOnce:
    """A `learner` that is trained on first answers once: all strategies of a seed share these.

    `kept` holds the last one of these networks, by its seed and answers. A seed of all strategies
    is computed at a time, so that one is enough.
    """

    learner: Learner
    kept: dict[Any, Frozen]

    @property
    def offers(self) -> tuple[str, ...]:
        """Those of the learner."""
        return self.learner.offers

    @property
    def reads(self) -> tuple[str, ...]:
        """Those of the learner."""
        return self.learner.reads

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
class SameStart:
    """A `learner` with the same `seed` in every round: equal initial weights and random numbers."""

    learner: Learner
    seed: int

    @property
    def offers(self) -> tuple[str, ...]:
        """Those of the learner."""
        return self.learner.offers

    @property
    def reads(self) -> tuple[str, ...]:
        """Those of the learner."""
        return self.learner.reads

    def fit(
        self, pool: Pool, labeled: LabeledSet, *, seed: int = 0, progress: bool | None = None
    ) -> Frozen:
        """The trained learner; the seed is our own."""
        return self.learner.fit(pool, labeled, seed=self.seed, progress=progress)


@dataclass(frozen=True)
class TrainedLike(Paper):
    """A strategy whose networks on items are trained as a task network is: `trained_like`."""

    strategy: Chain | Paper
    _: KW_ONLY
    task: Classifier

    def plan(self) -> Chain:
        """The strategy's stages; its networks on items with the settings of the task network."""
        learners = tuple(_like(learner, self.task) for learner in self.strategy.learners)
        return Chain(*self.strategy.stages, learners=learners)


def trained_like(strategy: QueryStrategy, task: Learner) -> QueryStrategy:
    """The strategy, with its networks on items trained as `task` is, where that is a `Classifier`.

    Detectors and classifiers get all its settings. Networks with a schedule of their own keep
    that, for at most as many epochs, and get the network, the batches and the device.
    """
    if not isinstance(task, Classifier) or not isinstance(strategy, Chain | Paper):
        return strategy
    return TrainedLike(strategy, task=task)


def _like(learner: Any, task: Classifier) -> Any:
    if not is_dataclass(learner) or isinstance(learner, type):
        return learner
    names, given = {field.name for field in fields(learner)}, cast(Any, learner)
    if "factory" not in names:
        return _with_classifier(learner, names, task)
    changes = {name: getattr(task, name) for name in SHARED if name in names}
    if "milestones" in names:
        changes |= {name: getattr(task, name) for name in (*SCHEDULE, "steps_per_epoch")}
    elif {"epochs", "step_size"} <= names and task.epochs < given.epochs:
        step_size = max(1, round(given.step_size * task.epochs / given.epochs))
        changes |= {"epochs": task.epochs, "step_size": step_size}
    return replace(learner, **changes)


def _with_classifier(learner: Any, names: set[str], task: Classifier) -> Any:
    """A learner around a classifier, such as one with dropout, around the task network."""
    if not isinstance(getattr(learner, "classifier", None), Classifier) or "p" not in names:
        return learner
    if isinstance(task.factory, PixelResNet18 | SmallCNN):
        task = replace(task, factory=replace(task.factory, dropout=learner.p))
    return replace(learner, classifier=task)
