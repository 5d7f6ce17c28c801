"""Learners and stores give the same whatever torch's default device and number type are."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal import learners
from openal._threads import one_thread
from openal.functional.losses import class_weights
from openal.labeled import LabeledSet
from openal.learners import (
    Classifier,
    Detector,
    DropoutClassifier,
    EntropicDetector,
    LossPredictor,
    OneVsAll,
)
from openal.learners._on_images import new_network
from openal.learners.dropout import dropout_resnet18
from openal.pool import Pool
from openal.store._identity import identity_of
from openal.strategies import NEATPassive
from openal.testing import world
from tests.hostile.defaults import alike, both_defaults, default_device, default_type
from tests.store.made import Items, filled
from tests.walking import walked


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Other threads would not have this one's default device."""
    with one_thread():
        yield


def network(num_outputs: int) -> nn.Module:
    """A user's factory, which names device and type itself."""
    put: dict[str, Any] = {"device": "cpu", "dtype": torch.float32}
    layers = nn.Flatten(), nn.Linear(192, 8, **put), nn.ReLU(), nn.Dropout(0.5)
    return nn.Sequential(*layers, nn.Linear(8, num_outputs, **put))


SMALL: dict[str, Any] = {"factory": network, "epochs": 2, "device": "cpu"}
LEARNERS: dict[str, Any] = {
    **{name: getattr(learners, name)() for name in learners.__all__ if "Embedding" in name},
    "GenerativeDropout": learners.GenerativeDropout(generator_steps=20),
    "Classifier": Classifier(**SMALL),
    "Classifier, drawn batches": Classifier(**SMALL, steps_per_epoch=2),
    "Detector": Detector(**SMALL, class_weights=True),
    "DropoutClassifier": DropoutClassifier(classifier=Classifier(**SMALL)),
    "EntropicDetector": EntropicDetector(**SMALL),
    "LossPredictor": LossPredictor(**SMALL, layers=("1",)),
    "OneVsAll": OneVsAll(**SMALL),
}


def learned(learner: Any) -> dict[str, Tensor]:
    """What the learner makes of images and embeddings."""
    images = np.random.default_rng(0).normal(size=(60, 3, 8, 8)).astype(np.float32)
    pool, labeled = Pool(images, embeddings=world().signals["embeddings"]), world().labeled
    fitted = learner.fit(pool, labeled, seed=0, progress=False)
    found: dict[str, Tensor] = fitted.signals(pool, np.arange(60), learner.offers, progress=False)
    return found


@walked
@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_learns_the_same_under_another_default(name: str) -> None:
    expected = learned(LEARNERS[name])
    with both_defaults():
        found = learned(LEARNERS[name])
    assert found.keys() == expected.keys()
    assert all(alike(found[each], expected[each]) for each in expected)


def test_class_weights_have_one_type() -> None:
    with default_type():
        assert class_weights(torch.tensor([0, 0, 1]), 2).dtype == torch.float32


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "plain": partial(new_network, None),
    "with dropout": partial(dropout_resnet18, p=0.5),
    "with its loss": partial(LossPredictor()._network, x=torch.ones(1, 3, 8, 8), joint_steps=1),
}


@walked
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_default_network_has_the_same_weights(make: Callable[[int], nn.Module]) -> None:
    torch.manual_seed(0)
    expected = make(2).state_dict()
    torch.manual_seed(0)
    with default_device():
        found = make(2).state_dict()
    assert all(alike(found[name], expected[name]) for name in expected)


def test_a_users_factory_and_network_see_the_default_device() -> None:
    seen = []

    class Watching(nn.Module):
        def __init__(self, num_outputs: int) -> None:
            super().__init__()
            self.inner = network(num_outputs)
            seen.append(str(torch.get_default_device()))

        def forward(self, x: Tensor) -> Tensor:
            seen.append(str(torch.get_default_device()))
            found: Tensor = self.inner(x)
            return found

    with default_device():
        learned(Classifier(factory=Watching, epochs=1, device="cpu"))
    assert {*seen} == {"meta"}


@walked
@pytest.mark.parametrize("workers", [0, 1])
def test_a_model_reads_items_under_another_default_device(workers: int) -> None:
    images = np.random.default_rng(0).normal(size=(12, 3, 8, 8)).astype(np.float32)
    learner = learners.Encoder(network(4), workers=workers)
    pool, strategy = Pool(images, embeddings=learner), NEATPassive()
    expected = pool.take("embeddings", np.arange(12), progress=False)
    with default_device():
        query = strategy.query(
            Pool(images, embeddings=learner), LabeledSet(12, 2), 3, seed=0, progress=False
        )
        found = pool.with_signals(embeddings=learner).take("embeddings", range(12), progress=False)
    assert alike(found, expected)
    assert len(query) == 3


@walked
@pytest.mark.parametrize("workers", [0, 1])
def test_a_store_is_filled_under_another_default_device(tmp_path: Path, workers: int) -> None:
    items = Items()
    usual = filled(tmp_path / "usual", items)
    with default_device():
        store = filled(tmp_path / "other", items, workers=workers)
        assert identity_of(items.x.numpy()).probe[0] is not None
    np.testing.assert_array_equal(store[:], usual[:])
