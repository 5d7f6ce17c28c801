"""How the networks of strategies are trained: as the task network is, or as in their own papers."""

from dataclasses import KW_ONLY, dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any, cast

from openal.learners import Classifier
from openal.learners.networks import PixelResNet18, SmallCNN
from openal.pool import Learner
from openal.query import Chain, Paper, QueryStrategy
from openal.simulate._detector_task import DetectorAsClassifier
from openal.simulate._settings_of_task import LENGTHS, OWN, SCHEDULE, SHARED

__all__ = ["TrainedLike", "trained_like"]


@dataclass(frozen=True)
class TrainedLike(Paper):
    """A strategy whose networks on items are trained as a task network is: `trained_like`."""

    strategy: Chain | Paper
    _: KW_ONLY
    task: Classifier
    own_schedules: float = 0.0
    on_images: bool = False

    def plan(self) -> Chain:
        """The strategy's stages; its networks on items with the settings of the task network."""
        like = partial(_like, task=self.task, own_schedules=self.own_schedules)
        learners = tuple(map(like, self.strategy.learners))
        learners = _on_images(learners) if self.on_images else learners
        return Chain(*self.strategy.stages, learners=learners)


def trained_like(
    strategy: QueryStrategy,
    task: Learner,
    *,
    own_schedules: float = 0.0,
    on_images: bool = False,
) -> QueryStrategy:
    """The strategy, with its networks on items trained as `task` is, where that is a `Classifier`.

    Detectors and classifiers get all its settings. Networks with a schedule of their own keep
    that, for at most as many epochs, and get the network, the batches and the device. With
    `own_schedules`, a share, all have that of their own epochs, and their own rates and batches.
    With `on_images` they learn the images where there are embeddings too.
    """
    task = task.classifier if isinstance(task, DetectorAsClassifier) else task
    if not isinstance(task, Classifier) or not isinstance(strategy, Chain | Paper):
        return strategy
    return TrainedLike(strategy, task=task, own_schedules=own_schedules, on_images=on_images)


def _on_images(learners: tuple[Learner, ...]) -> tuple[Learner, ...]:
    """The learners without those on embeddings that offer no more than one on images does."""
    offered = {name for learner in learners if "items" in learner.reads for name in learner.offers}
    return tuple(
        learner
        for learner in learners
        if "items" in learner.reads or not {*learner.offers} <= offered
    )


def _like(learner: Any, task: Classifier, own_schedules: float) -> Any:
    if not is_dataclass(learner) or isinstance(learner, type):
        return learner
    names, given = {field.name for field in fields(learner)}, cast(Any, learner)
    if "factory" not in names:
        return _with_classifier(learner, names, task)
    shared = OWN if own_schedules else SHARED
    changes = {name: getattr(task, name) for name in shared if name in names}
    if own_schedules:
        share = {name: max(1, round(own_schedules * getattr(given, name))) for name in LENGTHS}
        return replace(learner, **changes, **share)
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
