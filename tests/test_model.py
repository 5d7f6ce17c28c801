"""One pass of a user's network, which is afterwards exactly as it was found."""

from collections import Counter, OrderedDict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from openal import LabeledSet
from openal._batches import Inputs, batches, device_of
from openal._evaluation import evaluated
from openal.errors import ArgumentError, ModelError
from openal.model import Model
from openal.pool import Pool

X = torch.arange(40.0).reshape(20, 2)
ALL = np.arange(20)


def net() -> nn.Sequential:
    """Two linear layers: the features are the input of the last one."""
    first, last = nn.Linear(2, 2, bias=False), nn.Linear(2, 3, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[2.0, 0], [0, 2]]))
        last.weight.copy_(torch.tensor([[1.0, 0], [0, 1], [1, 1]]))
    return nn.Sequential(first, nn.Dropout(0.5), last)


def signals(model: Any, *names: str, indices: Any = ALL, **options: Any) -> dict[str, Tensor]:
    return Model(model, **options).signals(Pool(X), np.asarray(indices), names, progress=False)


# --- what a model gives


def test_logits_and_the_features_before_them() -> None:
    found = signals(net(), "logits", "features")
    assert torch.equal(found["features"], 2 * X)
    assert torch.equal(found["logits"], torch.stack([2 * X[:, 0], 2 * X[:, 1], 2 * X.sum(1)], 1))


@pytest.mark.parametrize("batch_size", [1, 3, 7, 20, 100, None])
def test_features_belong_to_their_items_whatever_the_batches(batch_size: Any) -> None:
    indices = [5, 2, 19, 11, 3, 8, 0]
    found = signals(net(), "logits", "features", indices=indices, batch_size=batch_size)
    assert torch.equal(found["features"], 2 * X[indices])
    assert torch.equal(found["logits"][:, 0], 2 * X[indices, 0])


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda z, f: (z, f),
        lambda z, f: [z, f],
        lambda z, f: {"logits": z, "features": f, "loss": None},
        lambda z, f: OrderedDict(logits=z, features=f),
        lambda z, f: SimpleNamespace(logits=z, features=f),
    ],
    ids=["tuple", "list", "dict", "ordered dict", "object"],
)
def test_a_model_may_return_both(wrapped: Any) -> None:
    found = signals(lambda x: wrapped(x + 1, -x), "logits", "features")
    assert torch.equal(found["logits"], X + 1)
    assert torch.equal(found["features"], -X)


def test_features_that_are_returned_go_before_those_that_are_found() -> None:
    network = net()
    found = signals(nn.Module.__call__.__get__(network), "logits")
    assert found.keys() == {"logits"}

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = net()

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.inner(x), -x

    assert torch.equal(signals(Two(), "features")["features"], -X)


def test_a_plain_function_gives_logits_only() -> None:
    assert torch.equal(signals(lambda x: x * 3, "logits")["logits"], X * 3)
    with pytest.raises(ModelError, match=r"^model gives no 'features'.*torch\.nn\.Linear"):
        signals(lambda x: x * 3, "features")


def test_a_model_that_returns_something_else_is_told_what_to_return() -> None:
    with pytest.raises(ModelError, match=r"^model must return logits.*got str"):
        signals(lambda _: "cat", "logits")
    with pytest.raises(ModelError, match=r"^model must return logits.*got tuple"):
        signals(lambda x: (x,), "logits")
    with pytest.raises(ModelError, match=r"^model gives no 'logits'"):
        signals(lambda x: {"features": x}, "logits")


@pytest.mark.parametrize(
    "model",
    [lambda x: x[:1], lambda x: x.sum(), lambda x: x[:, 0], lambda x: x[..., None]],
    ids=["fewer rows", "a number", "one dimension", "three dimensions"],
)
def test_logits_have_a_row_per_item_and_two_dimensions(model: Any) -> None:
    with pytest.raises(ModelError, match=r"^model must give logits \[20, \.\.\.\] in 2 dimensions"):
        signals(model, "logits", batch_size=20)


def test_outputs_carry_no_gradient_and_share_no_memory() -> None:
    buffer = torch.zeros(20, 2, requires_grad=True)
    found = signals(lambda x: buffer[: len(x)], "logits", batch_size=20)["logits"]
    assert not found.requires_grad
    found += 1
    assert buffer.sum() == 0


def test_a_model_that_changes_its_input_changes_no_item() -> None:
    items = X.clone()
    Model(lambda x: x.zero_()).signals(Pool(items), ALL, ("logits",), progress=False)
    assert torch.equal(items, X)


# --- how it is left


class Fussy(nn.Module):
    """Batch normalization, dropout, a frozen part in evaluation mode; counts its rows."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.drop = nn.Dropout(0.5)
        self.frozen = nn.BatchNorm1d(2)
        self.head = nn.Linear(2, 3)
        self.passed = Counter[str]()
        self.train()
        self.frozen.eval()

    def forward(self, x: Tensor) -> Tensor:
        if self.passed["rows"] >= 1000:
            raise RuntimeError("out of memory")
        self.passed["rows"] += len(x)
        found: Tensor = self.head(self.frozen(self.drop(self.norm(x))))
        return found


def inside(model: nn.Module) -> Any:
    modes = [module.training for module in model.modules()]
    hooks = [len(module._forward_pre_hooks) for module in model.modules()]
    return modes, hooks, {name: value.tolist() for name, value in model.state_dict().items()}


def test_modes_weights_and_hooks_are_left_alone() -> None:
    model = Fussy()
    before = inside(model)
    signals(model, "logits", "features")
    assert inside(model) == before


def test_they_are_left_alone_even_after_an_error() -> None:
    model = Fussy()
    model.passed["rows"] = 1000
    before = inside(model)
    with pytest.raises(RuntimeError, match="out of memory"):
        signals(model, "logits", "features")
    assert inside(model) == before


@pytest.mark.parametrize("amp", [False, True])
def test_mixed_precision_is_asked_for_and_comes_back_in_single(amp: bool) -> None:
    seen: list[torch.dtype] = []
    network = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
    network[2].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    pool = Pool(torch.randn(40, 8, generator=torch.Generator().manual_seed(0)))
    names, rows = ("logits", "features"), np.arange(40)
    found = Model(network, amp=amp).signals(pool, rows, names)
    expected = Model(network).signals(pool, rows, names)
    assert seen[0] is (torch.bfloat16 if amp else torch.float32)
    for name in names:
        assert found[name].dtype is torch.float32
        torch.testing.assert_close(found[name], expected[name], atol=0.02, rtol=0.02)


def test_the_users_own_mixed_precision_stays() -> None:
    pool, network = Pool(torch.ones(4, 8)), nn.Linear(8, 3)
    with torch.autocast("cpu", torch.bfloat16):
        assert Model(network).signals(pool, np.arange(4), ("logits",))["logits"].dtype is (
            torch.bfloat16
        )


def test_dropout_is_off_and_no_gradient_is_kept() -> None:
    model = Fussy()
    first, second = signals(model, "logits"), signals(model, "logits")
    assert torch.equal(first["logits"], second["logits"])
    assert all(parameter.grad is None for parameter in model.parameters())


def test_each_item_passes_once() -> None:
    model = Fussy()
    signals(model, "logits", "features", batch_size=6)
    assert model.passed["rows"] == 20


def test_a_callable_that_is_no_module_runs_without_gradients() -> None:
    with evaluated(len) as network:
        assert network.call([7, 8]) == 2 and not network.modules
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


# --- inputs


class Items:
    def __init__(self, form: Any) -> None:
        self.form, self.read = form, Counter[Any]()

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: Any) -> Any:
        self.read[(type(index), index)] += 1
        return self.form(X[index])


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x,
        lambda x: (x, "label"),
        lambda x: [x, 3, 4],
        lambda x: {"image": x, "label": 3},
        lambda x: {"pixel_values": x},
        lambda x: x.numpy(),
    ],
)
def test_x_is_found_in_an_item(form: Any) -> None:
    found = torch.cat(list(batches(Items(form), np.array([3, 1]), torch.device("cpu"))))
    assert torch.equal(found, X[[3, 1]])


def test_items_are_asked_for_by_python_integers_in_order() -> None:
    items = Items(lambda x: x)
    list(batches(items, np.array([3, 1, 7]), torch.device("cpu"), batch_size=2))
    assert list(items.read) == [(int, 3), (int, 1), (int, 7)]


class Skorch:
    """As much of an initialized net of skorch as is looked at; it is not callable either."""

    def __init__(self, network: nn.Module | None, criterion: Any = None) -> None:
        self.module, self.classes = net, None
        if network is not None:
            self.module_, self.criterion_ = network, criterion

    def initialize(self) -> None:
        raise AssertionError("a query changes nothing")


@pytest.mark.parametrize("wrap", [lambda model: model, Model], ids=["model=", "Model"])
def test_a_skorch_net_stands_for_its_network(wrap: Any) -> None:
    network = net().train()
    pool = Pool(X)
    found = pool.view(LabeledSet(20, 2), reads=("features",), model=wrap(Skorch(network)))
    assert torch.equal(found.pool["features"], 2 * X)
    assert network.training


def test_the_probabilities_of_a_skorch_classifier_become_logits() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=1))
    found = signals(Skorch(network, nn.NLLLoss()), "logits")["logits"]
    torch.testing.assert_close(found.softmax(dim=1), network(X), atol=1e-6, rtol=0)


def test_a_skorch_net_without_a_network_says_what_to_call() -> None:
    with pytest.raises(ArgumentError, match=r"^model is a Skorch without a network; call"):
        Pool(X).view(LabeledSet(20, 2), reads=("logits",), model=Skorch(None))


PICTURES = [Image.fromarray(np.full((2, 2), 10 * i, np.uint8)) for i in range(20)]


def to_pair(picture: Any) -> Tensor:
    return torch.from_numpy(np.asarray(picture)[0].astype(np.float32))


def test_a_transform_makes_tensors_of_pictures() -> None:
    model = Model(net(), transform=to_pair)
    items = [{"image": picture, "label": 3} for picture in PICTURES]
    found = model.signals(Pool(items), np.array([5, 1]), ("features",), progress=False)
    assert torch.equal(found["features"], torch.tensor([[100.0, 100], [20, 20]]))


def test_pictures_without_a_transform_are_refused_with_the_way_out() -> None:
    with pytest.raises(ArgumentError, match=r"^items\[4\] .*model=Model\(network, transform="):
        Model(net()).signals(Pool(PICTURES), np.array([4]), ("logits",), progress=False)


def test_a_transform_is_not_advised_where_an_item_cannot_be_read() -> None:
    def corrupt(_: Tensor) -> Tensor:
        raise OSError("truncated file")

    with pytest.raises(ArgumentError) as error:
        Inputs(Items(corrupt), np.array([4]))[0]
    assert "transform" not in str(error.value)


@pytest.mark.parametrize("form", [lambda _: "a picture", lambda _: {"label": 3}, lambda _: ()])
def test_an_item_without_a_tensor_is_named(form: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^items\[7\] must give a tensor"):
        Inputs(Items(form), np.array([4, 7]))[1]


def test_an_item_that_cannot_be_read_is_named() -> None:
    def corrupt(_: Tensor) -> Tensor:
        raise OSError("truncated file")

    with pytest.raises(ArgumentError, match=r"items\[4\].*truncated file"):
        list(batches(Items(corrupt), np.array([4]), torch.device("cpu")))


def test_items_of_several_shapes_are_refused() -> None:
    ragged = [torch.zeros(2), torch.zeros(3)]
    with pytest.raises(ArgumentError, match=r"one shape, got \[\(2,\), \(3,\)\]"):
        list(batches(ragged, np.array([0, 1]), torch.device("cpu")))


def test_batches_draw_no_random_numbers() -> None:
    state = torch.get_rng_state()
    list(batches(X, ALL, torch.device("cpu")))
    assert torch.equal(torch.get_rng_state(), state)


def test_batches_come_from_workers_in_the_same_order() -> None:
    found = torch.cat(list(batches(X, ALL, torch.device("cpu"), batch_size=3, workers=1)))
    assert torch.equal(found, X)


def test_the_device_is_the_one_of_the_parameters() -> None:
    assert device_of(net()) == torch.device("cpu")
    assert device_of(net(), "meta") == torch.device("meta")
    assert device_of(len) == torch.device("cpu")
    assert device_of(net().to("meta")) == torch.device("meta")
    assert device_of(nn.ReLU()) == torch.device("cpu")
