"""The networks of a simulation: trained alike, and where asked for from the same weights."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

from openal.labeled import LabeledSet
from openal.learners import Classifier
from openal.learners.networks import PixelResNet18
from openal.pool import Frozen, Learner, Pool
from openal.query import Chain, QueryStrategy

__all__ = ["SameStart", "TrainedLike", "trained_like"]

SHARED = ("factory", "batch_size", "augment", "device", "amp")
SCHEDULE = ("epochs", "lr", "momentum", "weight_decay", "step_size", "gamma", "milestones")


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
class TrainedLike(Chain):
    """A strategy whose networks on items are trained as a task network is: `trained_like`."""

    strategy: Chain
    task: Classifier

    @property
    def stages(self) -> tuple[Any, ...]:
        """Those of the strategy."""
        return self.strategy.stages

    @property
    def learners(self) -> tuple[Learner, ...]:
        """Those of the strategy, the networks on items with the settings of the task network."""
        return tuple(_like(learner, self.task) for learner in self.strategy.learners)


def trained_like(strategy: QueryStrategy, task: Learner) -> QueryStrategy:
    """The strategy, with its networks on items trained as `task` is, where that is a `Classifier`.

    Detectors and classifiers get all its settings. Networks with a schedule of their own keep
    that, for at most as many epochs, and get the network, the batches and the device.
    """
    if not isinstance(task, Classifier) or not isinstance(strategy, Chain):
        return strategy
    return TrainedLike(strategy, task)


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
    if isinstance(task.factory, PixelResNet18):
        task = replace(task, factory=replace(task.factory, dropout=learner.p))
    return replace(learner, classifier=task)
