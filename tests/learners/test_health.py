"""Training that dies is said, and inputs far from unit scale are standardized."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ModelError
from openal.learners import Classifier, Detector, EntropicDetector, LossPredictor, PixelResNet18
from openal.learners._health import Standardized, dead, scale_of

IMAGES = torch.rand(60, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LABELED = LabeledSet(60, 2)
LABELED.add(range(24), [0, 1, UNKNOWN, 0] * 6)
FAST: dict[str, Any] = {"epochs": 20, "augment": None, "device": "cpu"}


def mlp(num_outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, num_outputs))


class Stages(nn.Module):
    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        self.layer1, self.fc = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, num_outputs)

    def forward(self, x: Tensor) -> Any:
        return self.fc(self.layer1(x).relu().mean((2, 3)))


LEARNERS: dict[str, Any] = {
    "logits": Classifier(mlp, **FAST),
    "detector_logits": Detector(mlp, **FAST),
    "head_logits": EntropicDetector(mlp, **FAST),
    "predicted_loss": LossPredictor(Stages, ("layer1",), **FAST),
}


@pytest.mark.long
@pytest.mark.parametrize("largest", [255.0, 65535.0])
@pytest.mark.parametrize("name", LEARNERS)
def test_large_images_give_as_many_outputs_as_items(name: str, largest: float) -> None:
    pool = Pool(IMAGES * largest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = LEARNERS[name].fit(pool, LABELED, progress=False)
    found = fitted.signals(pool, np.arange(60), (name,), progress=False)[name]
    assert found.isfinite().all()
    assert len(found.reshape(60, -1).unique(dim=0)) > 50


def test_a_network_that_dies_is_trained_again_and_that_is_said() -> None:
    with pytest.warns(UserWarning, match=r"did not learn.*inputs lie in.*trained again") as told:
        fitted = Classifier(mlp, **FAST).fit(Pool(IMAGES * 65535), LABELED, progress=False)
    assert len(told) == 1
    assert isinstance(fitted.network, Standardized)


@pytest.mark.parametrize("images", [IMAGES, (IMAGES - 0.5) / 0.25])
def test_scaled_images_are_learned_from_as_they_are(images: Tensor) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = Classifier(mlp, **FAST).fit(Pool(images), LABELED, progress=False)
    assert not isinstance(fitted.network, Standardized)


@pytest.mark.long
def test_a_network_that_scales_by_itself_reads_pixels() -> None:
    factory = PixelResNet18((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    pool = Pool((IMAGES * 255).byte())
    fitted = Classifier(factory, **{**FAST, "epochs": 1}).fit(pool, LABELED, progress=False)
    assert not isinstance(fitted.network, Standardized)


@pytest.mark.long
@pytest.mark.parametrize("answers", [LABELED, LabeledSet(60, 2)])
def test_the_default_network_reads_pixels(answers: LabeledSet) -> None:
    pool = Pool((IMAGES * 255).byte())
    fitted = Classifier(**{**FAST, "epochs": 1}).fit(pool, answers, progress=False)
    found = fitted.signals(pool, np.arange(4), ("logits", "features"), progress=False)
    assert found["logits"].isfinite().all() and found["features"].shape == (4, 512)


def test_statistics_are_those_of_the_training_items_by_channel() -> None:
    images = IMAGES * 255 + torch.tensor([0.0, 50, 100])[:, None, None]
    found = scale_of(images)
    assert found is not None
    torch.testing.assert_close(found.shift.flatten(), images.mean((0, 2, 3)))
    torch.testing.assert_close(
        found.scale.flatten(), images.std((0, 2, 3), correction=0), rtol=1e-4, atol=1e-4
    )
    assert scale_of(IMAGES) is None and scale_of(torch.full((3, 3, 2, 2), 99.0)) is not None


def test_a_loss_of_nan_is_an_error_that_names_the_learning_rate() -> None:
    learner = Classifier(mlp, **{**FAST, "lr": 1e12})
    with pytest.raises(ModelError, match=r"did not learn.*smaller lr than 1e\+12"):
        learner.fit(Pool(IMAGES), LABELED, progress=False)


def test_inputs_of_nan_are_an_error_that_says_so() -> None:
    with pytest.raises(ModelError, match="inputs hold NaN"):
        Classifier(mlp, **FAST).fit(Pool(IMAGES * torch.nan), LABELED, progress=False)


def test_equal_inputs_may_have_equal_outputs() -> None:
    assert dead(mlp(2), torch.ones(9, 3, 8, 8), 0.1) is None
    constant = mlp(2)
    nn.init.zeros_(constant[3].weight)  # type: ignore[index, arg-type]
    failure = dead(constant, IMAGES, 0.1)
    assert failure is not None and not failure.fatal and "60 of 60" in failure.reason


@pytest.mark.long
@pytest.mark.parametrize("count", [8, 20])
def test_few_answers_do_not_make_the_loss_prediction_diverge(count: int) -> None:
    labeled = LabeledSet(60, 2)
    labeled.add(range(count), [0, 1] * (count // 2))
    learner = LossPredictor(epochs=8, augment=None, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = learner.fit(Pool(IMAGES), labeled, progress=False)
    found = fitted.signals(Pool(IMAGES), np.arange(60), ("predicted_loss",), progress=False)
    assert found["predicted_loss"].abs().max() < 20


def test_what_a_network_drops_in_training_is_decided_by_the_seed() -> None:
    def dropping(num_outputs: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(192, num_outputs))

    state, pool = torch.get_rng_state(), Pool(IMAGES)
    found = []
    for seed in (1, 1, 2):
        torch.rand(7)
        fitted = Classifier(dropping, **FAST).fit(pool, LABELED, seed=seed, progress=False)
        found.append(fitted.signals(pool, np.arange(60), ("logits",), progress=False)["logits"])
        torch.set_rng_state(state)
    assert found[0].equal(found[1]) and not found[0].equal(found[2])
