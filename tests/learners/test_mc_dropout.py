"""Samples of a network with dropout, which is afterwards as it was found."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal.errors import ArgumentError, ModelError
from openal.labeled import LabeledSet
from openal.learners import Classifier, DropoutClassifier, MCDropout
from openal.model import Model
from openal.pool import Pool
from openal.strategies import BALD

X = torch.randn(40, 3, 4, 4, generator=torch.Generator().manual_seed(0))
ALL = np.arange(40)


def network(drop: nn.Module | None = None) -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), drop or nn.Dropout(0.5)
    found = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32, 3))
    found.train()[1].eval()
    return found


def sampled(model: Any, indices: Any = ALL, **options: Any) -> Tensor:
    learner = MCDropout(model, **{"samples": 4, **options})
    return learner.signals(Pool(X), np.asarray(indices), ("mc_logits",))["mc_logits"]


def inside(model: nn.Module) -> Any:
    modes = [module.training for module in model.modules()]
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()]
    return modes, hooks, {name: value.tolist() for name, value in model.state_dict().items()}


KINDS: list[nn.Module] = [
    nn.Dropout(0.4),
    nn.Dropout(0.4, inplace=True),
    nn.Dropout2d(0.4),
    nn.AlphaDropout(0.4),
    nn.FeatureAlphaDropout(0.4),
]


@pytest.mark.parametrize("drop", KINDS, ids=repr)
def test_samples_differ_and_everything_is_left_alone(drop: nn.Module) -> None:
    model = network(drop)
    before, state = inside(model), torch.get_rng_state()
    found = sampled(model)
    assert found.shape == (40, 4, 3)
    assert all(not found[:, 0].equal(found[:, t]) for t in (1, 2, 3))
    assert inside(model) == before
    assert torch.get_rng_state().equal(state)
    assert all(each.grad is None for each in model.parameters())


def test_it_is_left_alone_even_after_an_error() -> None:
    model = network()
    model.append(nn.Linear(7, 7))
    before = inside(model)
    with pytest.raises(RuntimeError, match="shapes"):
        sampled(model)
    assert inside(model) == before


def test_batch_normalization_is_in_evaluation_mode() -> None:
    class Watching(nn.BatchNorm2d):
        def forward(self, x: Tensor) -> Tensor:
            assert not self.training
            return super().forward(x)

    model = network()
    model[1] = Watching(8)
    sampled(model)


@pytest.mark.parametrize("batch_size", [1, 7, 40])
def test_an_item_does_not_depend_on_the_others(batch_size: int) -> None:
    model = network().double()
    x = Pool(X.double())
    expected = MCDropout(model, 4).signals(x, ALL, ("mc_logits",))["mc_logits"]
    few = np.array([31, 2, 17])
    found = MCDropout(model, 4, batch_size=batch_size).signals(x, few, ("mc_logits",))
    torch.testing.assert_close(found["mc_logits"], expected[few], rtol=1e-12, atol=1e-12)


def test_the_seed_decides_and_global_numbers_do_not() -> None:
    first = sampled(network())
    torch.rand(3)
    assert sampled(network()).equal(first)
    assert not sampled(network(), seed=1).equal(first)
    assert sampled(network(), samples=2).equal(first[:, :2])


@pytest.mark.parametrize("drop", KINDS, ids=repr)
def test_a_module_drops_as_in_training(drop: nn.Module) -> None:
    items, learner = torch.full((2, 50, 4), 3.0), MCDropout(nn.Sequential(drop, nn.Flatten()), 90)
    found = learner.signals(Pool(items[..., None]), np.arange(2), ("mc_logits",))["mc_logits"]
    expected = drop.train()(torch.full((90, 50, 4, 1), 3.0))
    torch.testing.assert_close(found.unique(), expected.unique())  # one if dropped, one if kept
    assert (found == found.min()).float().mean() == pytest.approx(0.4, abs=0.05)


def test_channels_are_dropped_whole() -> None:
    found = sampled(nn.Sequential(nn.Dropout2d(0.5), nn.Flatten())).unflatten(2, (3, 16))
    gone = found == 0
    assert gone.any()
    assert gone.all(dim=3).equal(gone.any(dim=3))


def test_one_mask_for_all_items() -> None:
    gone = sampled(nn.Sequential(nn.Dropout(0.5), nn.Flatten())) == 0
    assert gone[0].any()
    assert all(each.equal(gone[0]) for each in gone)


def test_a_module_that_runs_twice_drops_twice() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, x: Tensor) -> Tensor:
            ones = torch.ones(len(x), 30)
            return torch.cat([self.drop(ones), self.drop(ones)], dim=1)

    found = sampled(Twice())
    assert not found[:, :, :30].equal(found[:, :, 30:])


def test_the_mean_is_the_network_itself() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(48, 3))
    plain = Model(model).signals(Pool(X), ALL, ("logits",))["logits"]
    torch.testing.assert_close(sampled(model, samples=800).mean(1), plain, rtol=0, atol=0.15)


@pytest.mark.parametrize(
    "model, message",
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(48, 3)), "must have torch.nn.Dropout"),
        (network(nn.Dropout(0.0)), "must have torch.nn.Dropout"),
        (lambda x: x, "function has none"),
        (network(nn.Dropout(0.5))[:4], r"must give logits \[32, K\]"),
        (nn.Sequential(nn.Dropout(0.5), nn.Flatten(0)), r"must give logits \[32, K\], got"),
    ],
)
def test_models_that_cannot_be_sampled(model: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        sampled(model)


def test_dropout_that_never_runs_is_none() -> None:
    class Unused(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.flatten(1))

    model = Unused(48, 3)
    model.drop = nn.Dropout(0.5)
    with pytest.raises(ModelError, match="runs none of them"):
        sampled(model)


def test_a_method_of_a_network_and_a_mapping_do() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def classify(self, x: Tensor) -> Any:
            return {"logits": self.inner(x), "features": x}

    assert sampled(Two().classify).equal(sampled(network()))


def test_a_model_that_changes_its_input_sees_it_whole_each_time() -> None:
    class Adding(nn.Flatten):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.add_(1))

    items = X.abs()
    model = nn.Sequential(Adding(), nn.Dropout(0.5, inplace=True))
    found = MCDropout(model, 9).signals(Pool(items), ALL, ("mc_logits",))["mc_logits"].amax(dim=1)
    torch.testing.assert_close(found[found > 0], 2 * (items + 1).flatten(1)[found > 0])
    assert items.equal(X.abs())


def test_no_items_give_no_rows() -> None:
    assert len(sampled(network(), indices=np.empty(0, np.int64))) == 0


def test_both_ways_of_giving_it_ask_the_same() -> None:
    model, labeled = network(), LabeledSet(40, 3)
    first = BALD().query(Pool(X, mc_logits=MCDropout(model)), labeled, 5, progress=False)
    second = BALD().query(Pool(X), labeled, 5, model=MCDropout(model), progress=False)
    assert first.indices.tolist() == second.indices.tolist()


@pytest.mark.parametrize("options", [{"samples": 0}, {"seed": -1}])
def test_options_that_cannot_be(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        MCDropout(network(), **options)


# --- the classifier that is trained with dropout


def factory(num_outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(48, num_outputs))


def test_a_classifier_with_dropout_is_trained_and_sampled() -> None:
    labeled, pool = LabeledSet(40, 2), Pool(X)
    labels = (X.flatten(1)[:, 0] > 0).long().tolist()
    labeled.add(range(30), labels[:30])
    learner = DropoutClassifier(3, classifier=Classifier(factory, epochs=30, augment=None))
    fitted = pickle.loads(pickle.dumps(learner)).fit(pool, labeled, seed=3)
    found = fitted.signals(pool, ALL, ("mc_logits",))["mc_logits"]
    assert found.shape == (40, 3, 2)
    assert not found[:, 0].equal(found[:, 1])
    assert (found.mean(1).argmax(1).tolist()[:30] == np.array(labels[:30])).mean() > 0.8


def test_the_default_network_has_dropout_before_its_last_layer() -> None:
    pool = Pool([torch.rand(3, 8, 8)] * 2)
    learner = DropoutClassifier(2, classifier=Classifier(device="cpu"))
    fitted = learner.fit(pool, LabeledSet(2, 4))
    found = fitted.signals(pool, np.arange(2), ("mc_logits",))["mc_logits"]
    assert found.shape == (2, 2, 4)
    assert found[0].equal(found[1])
    assert not found[:, 0].equal(found[:, 1])


@pytest.mark.parametrize("options", [{"samples": 0}, {"p": 0}, {"p": 1.0}])
def test_a_classifier_that_cannot_be(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        DropoutClassifier(**options)


def test_repr_evaluates_back() -> None:
    learner = DropoutClassifier(samples=3)
    from openal.learners import CropFlip  # noqa: F401

    assert eval(repr(learner)) == learner  # noqa: S307
