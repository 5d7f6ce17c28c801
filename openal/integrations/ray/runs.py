"""RayRuns: the runs of a simulation as tasks of a Ray cluster, with the same files of results."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, final

from openal._checks import as_count, as_number
from openal._threads import one_thread
from openal.errors import ArgumentError
from openal.integrations.ray._cluster import connected, cpus_of
from openal.query import QueryStrategy
from openal.simulate._described import described
from openal.simulate._planned_runs import PATIENCE, PlannedRun, Setting, planned_runs, runs_of
from openal.simulate.data import LabeledData
from openal.simulate.loop import Run, Runs

__all__ = ["RayRuns"]


@dataclass(frozen=True)
class RayRuns:
    """Computes the runs of a grid on a Ray cluster: `compare_grid(..., finish=RayRuns())`.

    Each run is a task. The files of results are written by this process, as `openal simulate`
    writes them, with the same numbers; other processes may share the folder. A task whose worker
    dies is computed again; after this process was killed, the finished runs are there.

    Needs `pip install openal[ray]`, and a cluster: `ray.init()`.

    Attributes:
        cpus: how many CPUs of the cluster a run takes, and threads.
        gpus: what a run takes of a GPU.
        retries: how often a run is computed again when its worker dies.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    retries: int = 3

    def __post_init__(self) -> None:
        as_number(self.cpus, "cpus", above=0)
        as_number(self.gpus, "gpus", minimum=0)
        as_count(self.retries, "retries")

    def __call__(
        self,
        settings: Sequence[Setting],
        strategies: Mapping[str, QueryStrategy],
        data: LabeledData,
        test: LabeledData | None,
        finished: Callable[[], object],
    ) -> list[Runs]:
        """The runs of each setting; `finished` is called after each that was not there before."""
        planned = planned_runs(settings, strategies)
        ray = connected()
        task = _task(ray).options(
            num_cpus=self.cpus,
            num_gpus=self.gpus,
            max_retries=self.retries,
            name="openal run",
        )
        most = max(1, int(cpus_of(ray) / self.cpus))
        queue = _Queue(ray, task, ray.put((data, test)), most, finished)
        runs = queue.all(planned)
        return [runs_of(setting, runs) for setting in settings]


@final
@dataclass(eq=False)
class _Queue:
    """The runs that are computed at this moment, each of them claimed by this process."""

    ray: Any
    task: Any
    data: Any
    most: int
    finished: Callable[[], object]
    running: dict[Any, tuple[PlannedRun, ExitStack]] = field(default_factory=dict)

    def all(self, planned: Sequence[PlannedRun]) -> dict[PlannedRun, Run]:
        """All runs: those that are there, those that other processes compute, and ours."""
        there, runs = {plan for plan in planned if plan.done}, dict[PlannedRun, Run]()
        try:
            while waiting := [plan for plan in planned if plan not in runs]:
                before = len(runs)
                runs.update({plan: _there(plan) for plan in waiting if plan.done})
                self._start([plan for plan in waiting if not plan.done])
                runs.update(self._next())
                for plan in waiting:
                    if plan in runs and plan not in there:
                        self.finished()
                if len(runs) == before:
                    time.sleep(PATIENCE)
        finally:
            for reference, (_, claim) in self.running.items():
                self.ray.cancel(reference)
                claim.close()
        return runs

    def _start(self, waiting: Sequence[PlannedRun]) -> None:
        ours = {plan for plan, _ in self.running.values()}
        for plan in waiting:
            if len(self.running) >= self.most:
                return
            if plan in ours:
                continue
            claim = ExitStack()
            if _claimed(plan, claim):
                self.running[self._task(plan)] = plan, claim
            else:
                claim.close()

    def _task(self, plan: PlannedRun) -> Any:
        splits = {plan.seed: plan.setting.splits[plan.seed]}
        alone = replace(plan, setting=Setting(plan.setting.conditions, splits))
        return self.task.remote(alone, self.data)

    def _next(self) -> dict[PlannedRun, Run]:
        """The runs that are ready, at least one of those that are running; they are kept."""
        if not self.running:
            return {}
        ready, _ = self.ray.wait([*self.running], num_returns=1)
        made = {}
        for reference in ready:
            plan, claim = self.running[reference]
            made[plan] = self._got(reference)
            _keep(plan, made[plan])
            del self.running[reference]
            claim.close()
        return made

    def _got(self, reference: Any) -> Run:
        try:
            run: Run = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:
            if not isinstance(error.cause, Exception):
                raise
            raise error.cause from None
        return run


def _claimed(plan: PlannedRun, claim: ExitStack) -> bool:
    """Whether no other process computes the run, and it is not there since."""
    folder = plan.setting.folder
    if folder is None:
        return True
    return claim.enter_context(folder.claimed(plan.name, plan.seed)) and not plan.done


def _key(plan: PlannedRun) -> tuple[str, int, str]:
    return plan.name, plan.seed, described(plan.strategy)


def _there(plan: PlannedRun) -> Run:
    folder = plan.setting.folder
    run = None if folder is None else folder.load(*_key(plan))
    if run is None:
        raise ArgumentError(f"the run of {plan.name}, seed {plan.seed}, was taken away meanwhile.")
    return run


def _keep(plan: PlannedRun, run: Run) -> None:
    if plan.setting.folder is not None:
        known = plan.setting.splits[plan.seed].known
        plan.setting.folder.save(*_key(plan), run, known)


def _computed(plan: PlannedRun, both: tuple[LabeledData, LabeledData | None]) -> Run | None:
    """Runs in a worker."""
    data, test = both
    # Small matrices wait longer for other threads than they compute; networks do not.
    with nullcontext() if "items" in data.offers else one_thread():
        return plan.run(data, test)


@cache
def _task(ray: Any) -> Any:
    return ray.remote(_computed)
