"""The networks of strategies, trained as the task network is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from openal import LabeledSet, Pool
from openal.informativeness import PredictedLoss
from openal.learners import Classifier, CropFlip, PixelResNet18
from openal.simulate._detector_task import DetectorAsClassifier
from openal.simulate._planned_runs import FirstOnce, SameStart
from openal.simulate._trained_like import trained_like
from openal.strategies import BALD, EOAL, JSOSAL, LearningLoss, LfOSA, MQNet, Random


@dataclass(frozen=True)
class Tiny:
    """A network for small images of bytes."""

    def __call__(self, num_outputs: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), Floats(), nn.Linear(3 * 4 * 4, num_outputs))


class Floats(nn.Module):
    """Bytes as numbers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 255


TASK = Classifier(Tiny(), epochs=10, lr=0.3, milestones=(0.5,), steps_per_epoch=7, augment=None)
ITEMS = list(torch.arange(12 * 48).reshape(12, 3, 4, 4).to(torch.uint8))


def first_learner(strategy: Any, task: Any = TASK) -> Any:
    return trained_like(strategy, task).learners[0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("strategy", [LfOSA(temperature=2.0), JSOSAL()])
def test_a_detector_has_the_settings_of_the_task_network(strategy: Any) -> None:
    detector, own = first_learner(strategy), strategy.learners[0]
    assert (detector.factory, detector.epochs, detector.lr) == (Tiny(), 10, 0.3)
    assert (detector.milestones, detector.steps_per_epoch) == ((0.5,), 7)
    assert (detector.temperature, detector.class_weights) == (own.temperature, own.class_weights)


@pytest.mark.parametrize("strategy", [EOAL(), LearningLoss()])
def test_a_network_with_a_schedule_of_its_own_keeps_it(strategy: Any) -> None:
    learner, own = first_learner(strategy), strategy.learners[0]
    assert (learner.factory, learner.augment, learner.epochs) == (Tiny(), None, 10)
    assert (learner.lr, learner.gamma) == (own.lr, own.gamma)
    assert learner.step_size / learner.epochs == pytest.approx(own.step_size / own.epochs, abs=0.1)


def test_a_classifier_with_dropout_is_the_task_network_with_dropout() -> None:
    task = Classifier(PixelResNet18((0.5,) * 3, (0.2,) * 3), epochs=3)
    learner = first_learner(BALD(), task)
    assert learner.classifier.epochs == 3
    assert learner.classifier.factory.dropout == learner.p > 0


def test_others_stay_as_they_are() -> None:
    assert trained_like(Random(), object()) == Random()  # type: ignore[arg-type]
    spy: Any = object()
    assert trained_like(spy, TASK) is spy


def test_the_query_is_the_strategys() -> None:
    pool, labeled = Pool(ITEMS), LabeledSet(12, 2)
    labeled.add([0, 1, 2], [0, 1, -1])
    task = Classifier(Tiny(), epochs=2, augment=CropFlip(1), device="cpu")
    query = trained_like(LfOSA(), task).query(pool, labeled, 4, seed=0, progress=False)
    assert len(query) == 4
    assert not {0, 1, 2} & {*query}


def test_rounds_start_from_the_same_weights() -> None:
    pool, labeled = Pool(ITEMS), LabeledSet(12, 2)
    same = SameStart(Classifier(Tiny(), epochs=1, device="cpu"), seed=5)
    first, second = (same.fit(pool, labeled, seed=seed, progress=False) for seed in (1, 2))
    weights = [each.network.state_dict()["2.weight"] for each in (first, second)]  # type: ignore[attr-defined]
    assert weights[0].equal(weights[1])
    assert (same.offers, same.reads) == (("logits", "features"), ("items",))


class Counting:
    """A classifier that notes on how many answers it was trained."""

    offers = reads = ()

    def __init__(self) -> None:
        self.trained: list[int] = []

    def fit(self, pool: Pool, labeled: LabeledSet, **_: Any) -> Any:
        self.trained.append(len(labeled))
        return object()


def test_first_answers_are_learned_once_for_all_strategies_of_a_seed() -> None:
    counting, kept = Counting(), dict[Any, Any]()
    for seed in (1, 1, 2):
        labeled = LabeledSet(12, 2)
        labeled.add([0, 1], [0, 1])
        learner: Any = FirstOnce(counting, kept)  # type: ignore[arg-type]
        learner.fit(Pool(ITEMS), labeled, seed=seed)
        labeled.begin_round(Random().query(Pool(ITEMS), labeled, 2, seed=0))
        labeled.add(labeled.pending_indices, [0, 0])
        learner.fit(Pool(ITEMS), labeled, seed=seed + 10)
    assert counting.trained == [2, 4, 4, 2, 4]
    assert len(kept) == 1


def test_other_first_answers_are_learned_anew() -> None:
    counting, kept = Counting(), dict[Any, Any]()
    for label in (0, 1):
        labeled = LabeledSet(12, 2)
        labeled.add([0, 1], [label, 1])
        FirstOnce(counting, kept).fit(Pool(ITEMS), labeled, seed=1)  # type: ignore[arg-type]
    assert counting.trained == [2, 2]


def test_own_schedules_are_kept_for_a_share_of_their_epochs() -> None:
    strategies: Any = (LfOSA(), EOAL(), LearningLoss())
    for strategy in strategies:
        own = strategy.learners[0]
        (learner, *_) = trained_like(strategy, TASK, own_schedules=0.5).learners  # type: ignore[attr-defined]
        assert (learner.factory, learner.augment) == (Tiny(), None)
        assert (learner.epochs, learner.step_size) == (own.epochs // 2, own.step_size // 2)
        assert (learner.lr, learner.batch_size) == (own.lr, own.batch_size)


@pytest.mark.parametrize("strategy", [LfOSA(), EOAL(), BALD(), MQNet(PredictedLoss())])
def test_networks_learn_images_where_there_are_embeddings_too(strategy: Any) -> None:
    both, images = (trained_like(strategy, TASK, on_images=on).learners for on in (False, True))  # type: ignore[attr-defined]
    assert {learner.reads for learner in both} == {("items",), ("embeddings",)}
    assert {learner.reads for learner in images} == {("items",)}


def test_the_detector_classifies_by_its_known_outputs() -> None:
    pool, labeled = Pool(ITEMS), LabeledSet(12, 2)
    labeled.add([0, 1, 2, 3], [0, 1, -1, -1])
    task = DetectorAsClassifier(Classifier(Tiny(), epochs=2, augment=None, device="cpu"))
    fitted = task.fit(pool, labeled, seed=3, progress=False)
    detector = task.detector.fit(pool, labeled, seed=3, progress=False)
    rows = np.arange(12)
    logits = fitted.signals(pool, rows, ("logits",))["logits"]
    assert logits.equal(
        detector.signals(pool, rows, ("detector_logits",))["detector_logits"][:, :2]
    )
    assert (task.detector.epochs, task.detector.factory) == (2, Tiny())
    assert trained_like(LfOSA(), task).learners[0].epochs == 2  # type: ignore[attr-defined]
