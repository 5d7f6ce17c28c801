"""A loss prediction beside a network, and the learners that train both."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError, ModelError
from openal.functional import ranking_loss
from openal.learners import EmbeddingLossPredictor, LossPrediction, LossPredictor
from openal.learners.loss_prediction import LossPredictingNetwork, joint_loss
from tests.walking import walked

PIXELS, DIGITS = load_digits(return_X_y=True)
PIXELS, DIGITS = (PIXELS / 8 - 1).astype("f4")[:500], DIGITS[:500]
ALL = np.arange(500)
IMAGES = torch.tensor(PIXELS).reshape(-1, 1, 8, 8)
POOL = Pool(IMAGES, embeddings=PIXELS)


class Small(nn.Module):
    """Two stages with batch normalization and a linear layer."""

    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        self.stage1 = nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6))
        self.stage2 = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(6, 9, 3), nn.ReLU())
        self.fc = nn.Linear(9, num_outputs)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.stage2(self.stage1(x)).mean(dim=(2, 3)))
        return logits


SMALL = LossPredictor(
    Small, ("stage1", "stage2"), 8, epochs=6, batch_size=32, lr=0.02, augment=None, device="cpu"
)
EMBEDDED = EmbeddingLossPredictor(hidden=32, width=8, steps=60)
LEARNERS = [SMALL, EMBEDDED]


def answered(count: int, classes: int = 10) -> LabeledSet:
    labeled = LabeledSet(500, classes)
    labels = np.where(classes > DIGITS, DIGITS, UNKNOWN)
    labeled.add(ALL[:count], labels[:count])
    return labeled


def found_by(learner: Any, count: int = 100, seed: int = 0) -> dict[str, Tensor]:
    fitted = learner.fit(POOL, answered(count), seed=seed, progress=False)
    signals: dict[str, Tensor] = fitted.signals(POOL, ALL, ("predicted_loss", "logits"))
    return signals


# --- the module


def test_maps_are_averaged_over_all_but_their_channels() -> None:
    module = LossPrediction([6, 9], width=4)
    maps = [torch.randn(5, 6, 3, 2), torch.randn(5, 9)]
    units = [maps[0].mean(dim=(2, 3)), maps[1]]
    hidden = [layer(each).relu() for layer, each in zip(module.hidden, units, strict=True)]
    expected = module.output(torch.cat(hidden, dim=1))[:, 0]
    torch.testing.assert_close(module(maps), expected)
    assert module(maps).shape == (5,)


@pytest.mark.parametrize(
    "make, error",
    [
        (lambda: LossPrediction([]), ArgumentError),
        (lambda: LossPrediction([0]), ArgumentError),
        (lambda: LossPrediction([3])([torch.ones(2, 3), torch.ones(2, 3)]), ArgumentError),
        (lambda: LossPrediction([3])([torch.ones(3)]), ModelError),
        (lambda: LossPrediction([3])(["maps"]), ModelError),
    ],
)
def test_maps_that_cannot_be(make: Any, error: Any) -> None:
    with pytest.raises(error, match=r"channels|maps|feature map"):
        make()


# --- beside a network


def both(joint_steps: int = 99) -> LossPredictingNetwork:
    torch.manual_seed(0)
    return LossPredictingNetwork(Small(4), ("stage1", "stage2"), IMAGES[:1], joint_steps, 8)


def taught(module: LossPredictingNetwork) -> float:
    """How large a gradient the predicted loss gives to the classifier."""
    module.zero_grad()
    module(IMAGES[:8])[:, -1].sum().backward()
    gradients = [each.grad for each in module.network.parameters()]
    return sum(float(each.abs().sum()) for each in gradients if each is not None)


def test_logits_are_the_networks_own() -> None:
    module = both().eval()
    outputs = module(IMAGES)
    assert outputs.shape == (500, 5)
    torch.testing.assert_close(outputs[:, :4], module.network(IMAGES))


def test_maps_are_read_before_the_next_stage_changes_them() -> None:
    module = both().eval()
    first = module.network.stage1(IMAGES[:3])
    maps = [first.mean(dim=(2, 3)), module.network.stage2(first.clone()).mean(dim=(2, 3))]
    torch.testing.assert_close(module(IMAGES[:3])[:, -1], module.loss_prediction(maps))


def test_the_gradient_is_cut_after_the_joint_steps() -> None:
    module = both(joint_steps=2).train()
    assert taught(module) > 0
    assert taught(module) > 0
    assert taught(module) == 0
    assert module.loss_prediction.output.weight.grad.abs().sum() > 0


def test_making_it_changes_nothing_in_the_network() -> None:
    network = Small(4)
    before = copy.deepcopy(network.state_dict())
    LossPredictingNetwork(network, ("stage1",), IMAGES[:1], 1, 8)
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
    assert network.training
    assert all(not module._forward_hooks for module in network.modules())


def test_a_copy_has_hooks_of_its_own() -> None:
    module = both().eval()
    twin = copy.deepcopy(module)
    with torch.no_grad():
        twin.network.stage1[0].weight.zero_()
    assert not twin(IMAGES[:2]).equal(module(IMAGES[:2]))
    assert all(not each._forward_hooks for each in module.modules())


@pytest.mark.parametrize(
    "layers, error, message",
    [(("stage9",), ArgumentError, "no 'stage9'"), (("unused",), ModelError, "runs no layer")],
)
def test_layers_that_cannot_be(layers: Any, error: Any, message: str) -> None:
    network = Small(4)
    network.unused = nn.ReLU()
    with pytest.raises(error, match=message):
        LossPredictingNetwork(network, layers, IMAGES[:1], 1, 8)


def test_the_joint_loss_is_both() -> None:
    outputs, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    losses = cross_entropy(outputs[:, :3], labels, reduction="none")
    expected = losses.mean() + 0.5 * ranking_loss(outputs[:, 3], losses, margin=2)
    torch.testing.assert_close(joint_loss(outputs, labels, margin=2, weight=0.5), expected)


def test_the_ranking_does_not_teach_the_logits() -> None:
    outputs = torch.randn(6, 4, requires_grad=True)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    joint_loss(outputs, labels, margin=1, weight=5).backward()
    found, outputs.grad = outputs.grad, None
    cross_entropy(outputs[:, :3], labels).backward()
    assert found is not None and outputs.grad is not None
    torch.testing.assert_close(found[:, :3], outputs.grad[:, :3])


# --- the learners


@pytest.mark.long
@pytest.mark.parametrize("learner", LEARNERS, ids=["network", "embeddings"])
def test_shapes_and_repetition(learner: Any) -> None:
    state, first = torch.get_rng_state(), found_by(learner)
    assert torch.get_rng_state().equal(state)
    assert first["predicted_loss"].shape == (500,)
    assert first["logits"].shape == (500, 10)
    torch.rand(3)
    assert found_by(learner)["predicted_loss"].equal(first["predicted_loss"])
    assert not found_by(learner, seed=1)["predicted_loss"].equal(first["predicted_loss"])


@pytest.mark.long
@walked
@pytest.mark.parametrize("learner", LEARNERS, ids=["network", "embeddings"])
@pytest.mark.parametrize("count", [0, 1, 2, 33])
def test_any_number_of_answers_is_enough(learner: Any, count: int) -> None:
    assert all(each.isfinite().all() for each in found_by(learner, count).values())


@pytest.mark.long
@pytest.mark.parametrize("learner", LEARNERS, ids=["network", "embeddings"])
def test_no_items_give_no_rows(learner: Any) -> None:
    fitted = learner.fit(POOL, answered(5), progress=False)
    found = fitted.signals(POOL, ALL[:0], ("predicted_loss",))
    assert found["predicted_loss"].shape == (0,)


@pytest.mark.long
def test_predicted_losses_rank_as_the_true_ones() -> None:
    found = found_by(EmbeddingLossPredictor(hidden=32, width=32), 200)
    true = cross_entropy(found["logits"], torch.tensor(DIGITS), reduction="none")
    assert (found["logits"].argmax(dim=1).numpy() == DIGITS)[200:].mean() > 0.8
    assert spearmanr(found["predicted_loss"][200:], true[200:]).statistic > 0.3


@pytest.mark.long
@pytest.mark.parametrize("share, steps", [(0.0, 0), (0.6, 12), (1.0, 24)])
def test_the_gradient_reaches_the_classifier_in_a_share_of_the_epochs(
    share: float, steps: int
) -> None:
    learner = LossPredictor(
        Small, ("stage1",), epochs=6, batch_size=32, joint_share=share, augment=None, device="cpu"
    )
    fitted: Any = learner.fit(POOL, answered(100), progress=False)
    assert fitted.network.network.steps == 6 * 4
    assert fitted.network.network.joint_steps == steps


def test_without_joint_steps_the_classifier_learns_alone() -> None:
    alone, other = (
        found_by(EmbeddingLossPredictor(hidden=8, width=8, steps=9, joint_share=0, weight=weight))
        for weight in (1.0, 3.0)
    )
    assert alone["logits"].equal(other["logits"])
    assert not alone["predicted_loss"].equal(other["predicted_loss"])
    joint = found_by(EmbeddingLossPredictor(hidden=8, width=8, steps=9, joint_share=1))
    assert not joint["logits"].equal(alone["logits"])


def test_the_default_network_has_four_stages() -> None:
    pool = Pool([torch.rand(3, 8, 8)] * 2)
    fitted: Any = LossPredictor(device="cpu").fit(pool, LabeledSet(2, 3))
    assert fitted.signals(pool, ALL[:2], ("predicted_loss",))["predicted_loss"].shape == (2,)
    assert fitted.network.network.loss_prediction.output.in_features == 4 * 128


def test_the_default_network_wants_images() -> None:
    with pytest.raises(ArgumentError, match="the default network reads float images"):
        LossPredictor(device="cpu").fit(POOL, answered(3))


@walked
@pytest.mark.parametrize("kind", [LossPredictor, EmbeddingLossPredictor])
@pytest.mark.parametrize(
    "options",
    [{"width": 0}, {"margin": 0}, {"weight": -1}, {"joint_share": 1.1}, {"joint_share": -0.1}]
    + [{"lr": 0}, {"batch_size": 0}],
)
def test_options_that_cannot_be(kind: Any, options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        kind(**options)


@pytest.mark.parametrize("layers", ["layer1", ()])
def test_layers_are_names(layers: Any) -> None:
    with pytest.raises(ArgumentError, match="layers"):
        LossPredictor(layers=layers)


@pytest.mark.parametrize("learner", LEARNERS, ids=["network", "embeddings"])
def test_learner_and_fitted_pickle(learner: Any) -> None:
    assert pickle.loads(pickle.dumps(learner)) == learner
    fitted = learner.fit(POOL, answered(9), progress=False)
    again = pickle.loads(pickle.dumps(fitted))
    names = ("predicted_loss",)
    found = [each.signals(POOL, ALL[:9], names)["predicted_loss"] for each in (fitted, again)]
    assert found[0].equal(found[1])
