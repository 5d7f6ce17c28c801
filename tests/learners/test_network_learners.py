import pickle
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.learners import Classifier, CropFlip, Detector
from openal.learners._sgd import shuffled
from tests.walking import walked

IMAGES, DIGITS = load_digits(return_X_y=True)
IMAGES = (IMAGES / 8 - 1).reshape(-1, 1, 8, 8).astype("f4")
KNOWN = np.where(DIGITS < 3, DIGITS, UNKNOWN)
POOL = Pool(list(zip(IMAGES, DIGITS, strict=True)))
ALL = np.arange(len(DIGITS))
FAST: dict[str, Any] = {"epochs": 3, "batch_size": 16, "lr": 0.02, "augment": None}


class Small(nn.Module):
    """Convolution, batch normalization, pooling, a linear layer; counts the items it sees."""

    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        layers = nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        self.layers = nn.Sequential(*layers, nn.Linear(144, num_outputs))
        self.passed = Counter[str]()  # shared by the copy that is evaluated

    def forward(self, x: Tensor) -> Tensor:
        self.passed["items"] += len(x)
        logits: Tensor = self.layers(x)
        return logits


def vector_network(num_outputs: int) -> nn.Module:
    """A network that normalizes vectors, and therefore cannot learn from one."""
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, num_outputs))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """More threads would only wait for each other in so small a network."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def answered(count: int) -> LabeledSet:
    labeled = LabeledSet(len(ALL), 3)
    labeled.add(ALL[:count], KNOWN[:count])
    return labeled


def logits_of(
    learner: Detector | Classifier, count: int, seed: int = 0, indices: np.ndarray = ALL
) -> Tensor:
    name = learner.offers[0]
    return learner.fit(POOL, answered(count), seed=seed).signals(POOL, indices, (name,))[name]


def test_detector_tells_known_from_unknown() -> None:
    predicted = logits_of(Detector(Small, **FAST), 400).argmax(dim=1).numpy()
    assert (predicted == np.where(KNOWN < 0, 3, KNOWN))[400:].mean() > 0.85


def test_binary_columns_are_known_and_unknown() -> None:
    logits = logits_of(Detector(Small, binary=True, **FAST), 400)
    assert logits.shape == (len(ALL), 2)
    assert (logits.argmax(dim=1).numpy() == (KNOWN < 0))[400:].mean() > 0.85


def test_classifier_learns_the_classes() -> None:
    logits = logits_of(Classifier(Small, **FAST), 600)
    assert logits.shape == (len(ALL), 3)
    assert (logits.argmax(dim=1).numpy() == DIGITS)[600:][DIGITS[600:] < 3].mean() > 0.9


def test_low_temperature_keeps_the_logits_small() -> None:
    cold, warm = (logits_of(Detector(Small, temperature=t, **FAST), 200) for t in (0.1, 2.0))
    assert cold.std() < warm.std()


def test_without_invalid_nothing_is_unknown() -> None:
    logits = logits_of(Detector(Small, use_invalid=False, **FAST), 400)
    assert (logits.argmax(dim=1) == 3).float().mean() < 0.1


def test_class_weights_lower_the_frequent_class() -> None:
    plain = logits_of(Detector(Small, **FAST), 200).argmax(dim=1)
    weighted = logits_of(Detector(Small, class_weights=True, **FAST), 200).argmax(dim=1)
    assert (weighted == 3).sum() < (plain == 3).sum()


@walked
@pytest.mark.parametrize("count", [0, 1, 2, 33])
@pytest.mark.parametrize("factory", [Small, vector_network])
def test_any_number_of_answers_is_enough(factory: Any, count: int) -> None:
    assert logits_of(Detector(factory, **FAST), count, indices=ALL[:50]).isfinite().all()


def test_batches_hold_every_row_and_never_one() -> None:
    batches = shuffled(33, 16, torch.Generator().manual_seed(0))
    assert [len(rows) for rows in batches] == [16, 17]
    assert sorted(torch.cat(batches).tolist()) == list(range(33))


def test_batches_of_one_can_be_asked_for() -> None:
    assert [len(rows) for rows in shuffled(3, 1, torch.Generator())] == [1, 1, 1]


def test_same_seed_gives_the_same_logits() -> None:
    first = logits_of(Detector(Small, **FAST), 40)
    torch.rand(7)
    assert logits_of(Detector(Small, **FAST), 40).equal(first)


def test_other_seed_gives_other_logits() -> None:
    first, second = (logits_of(Detector(Small, **FAST), 40, seed) for seed in (0, 1))
    assert not first.equal(second)


def test_global_random_state_stays() -> None:
    before = torch.get_rng_state()
    logits_of(Detector(Small, **FAST), 40)
    assert torch.get_rng_state().equal(before)


def test_fitted_network_sees_each_item_once() -> None:
    fitted = Detector(Small, **FAST).fit(POOL, answered(20))
    assert isinstance(fitted.network, Small)
    fitted.network.passed.clear()
    signals = fitted.signals(POOL, ALL[:70], ("detector_logits", "detector_features"))
    assert fitted.network.passed["items"] == 70
    assert signals["detector_features"].shape == (70, 144)


def test_epochs_see_each_answer_once() -> None:
    fitted = Classifier(Small, **{**FAST, "epochs": 4}).fit(POOL, answered(100))
    assert isinstance(fitted.network, Small)
    known = (DIGITS[:100] < 3).sum()
    assert fitted.network.passed["items"] == 4 * known + known  # once more: has it learned?


def test_items_are_read_once() -> None:
    read: list[int] = []

    class Recording(list[Any]):
        def __getitem__(self, index: Any) -> Any:
            read.append(index)
            return super().__getitem__(index)

    Detector(Small, **FAST).fit(Pool(Recording(POOL.items)), answered(30))
    assert sorted(read) == list(range(30))


def test_network_may_return_logits_and_features() -> None:
    class Two(Small):
        def forward(self, x: Tensor) -> Any:
            logits = super().forward(x)
            return logits, logits[:, :2]

    fitted = Detector(Two, **FAST).fit(POOL, answered(20))
    features = fitted.signals(POOL, ALL[:5], ("detector_features",))["detector_features"]
    assert features.shape == (5, 2)


def test_augmentation_sees_batches_and_may_be_left_out() -> None:
    shapes: list[tuple[int, ...]] = []

    def recording(x: Tensor, generator: torch.Generator) -> Tensor:
        shapes.append(tuple(x.shape))
        return x

    plain = logits_of(Detector(Small, **FAST), 40)
    assert logits_of(Detector(Small, **{**FAST, "augment": recording}), 40).equal(plain)
    assert shapes == [(16, 1, 8, 8), (16, 1, 8, 8), (8, 1, 8, 8)] * 3


def test_mixed_precision_gives_single_precision_logits() -> None:
    logits = logits_of(Detector(Small, amp=True, device="cpu", **FAST), 40)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


def test_kernel_settings_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    cudnn = torch.backends.cudnn
    monkeypatch.setattr(cudnn, "benchmark", True)
    before = cudnn.deterministic
    logits_of(Detector(Small, **FAST), 20)
    assert (cudnn.deterministic, cudnn.benchmark) == (before, True)


def test_normalization_learns_and_then_stays() -> None:
    network = Detector(Small, **FAST).fit(POOL, answered(40)).network
    assert int(network.state_dict()["layers.1.num_batches_tracked"]) == 3 * 3
    assert not network.training


def test_default_network_wants_images() -> None:
    with pytest.raises(ArgumentError, match="the default network reads float images"):
        Detector().fit(POOL, answered(3))


def test_default_network_is_a_resnet() -> None:
    pool = Pool([torch.zeros(3, 8, 8)] * 4)
    fitted = Classifier(epochs=1, device="cpu").fit(pool, LabeledSet(4, 2))
    signals = fitted.signals(pool, np.arange(2), ("logits", "features"))
    assert [tuple(each.shape) for each in signals.values()] == [(2, 2), (2, 512)]


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"batch_size": 0}, {"lr": 0}, {"momentum": -1}, {"gamma": 0}, {"step_size": 0}],
)
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        Classifier(**wrong)


@pytest.mark.parametrize(
    "learner", [Detector(temperature=2.0, augment=CropFlip(2)), Classifier(augment=None, epochs=7)]
)
def test_repr_evaluates_back(learner: Detector | Classifier) -> None:
    assert eval(repr(learner)) == learner  # noqa: S307


def test_learner_and_fitted_can_be_pickled() -> None:
    learner = pickle.loads(pickle.dumps(Detector(Small, **FAST)))
    fitted = learner.fit(POOL, answered(20))
    again = pickle.loads(pickle.dumps(fitted))
    found = (each.signals(POOL, ALL[:9], ("detector_logits",)) for each in (fitted, again))
    assert next(found)["detector_logits"].equal(next(found)["detector_logits"])
