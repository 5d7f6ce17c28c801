"""A query evaluates a copy: the user's network is neither switched nor changed."""

import copy
import functools
import threading
import weakref
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from openal._evaluation import evaluated
from openal.errors import ModelError
from openal.labeled import LabeledSet
from openal.learners import Encoder
from openal.model import Model
from openal.pool import Pool
from openal.strategies import Uncertainty

X = torch.randn(40, 8, generator=torch.Generator().manual_seed(0)) * 3 + 5
ALL = np.arange(40)


def network() -> nn.Sequential:
    """In training mode, where batch normalization and dropout give other numbers."""
    made = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 3))
    return made.train()


NET = network()


def through_a_global(x: Tensor) -> Any:
    return NET(x)


def through_another_function(x: Tensor) -> Any:
    return through_a_global(x)


class Holder:
    """An object that holds a network, as libraries wrap them."""

    def __init__(self) -> None:
        self.net = NET

    def __call__(self, x: Tensor) -> Any:
        return self.net(x)


class Slots:
    __slots__ = ("net",)

    def __init__(self) -> None:
        self.net = NET

    def __call__(self, x: Tensor) -> Any:
        return self.net(x)


class PrivateSlots:
    __slots__ = ("__net", "__weakref__")

    def __init__(self) -> None:
        self.__net = NET

    def __call__(self, x: Tensor) -> Any:
        return self.__net(x)


class Settings(dict[str, Any]):
    """A dictionary whose entries are attributes, too, as settings often are."""

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __call__(self, x: Tensor) -> Any:
        return self.net(x)


class Networks(list[Any]):
    def __init__(self) -> None:
        super().__init__()
        self.first = NET

    def __call__(self, x: Tensor) -> Any:
        return self.first(x)


class OfTheClass:
    net = NET

    def __call__(self, x: Tensor) -> Any:
        return self.net(x)


class NamesAGlobal:
    def __call__(self, x: Tensor) -> Any:
        return through_a_global(x)


class Unregistered(nn.Module):
    """Hides a network in a list, and itself behind a weak reference."""

    def __init__(self) -> None:
        super().__init__()
        self.nets, self.me = [NET], weakref.ref(self)

    def forward(self, x: Tensor) -> Any:
        me: Any = self.me()
        return me.nets[0](x)


class Hooked(nn.Module):
    """Reads what a hook of its own kept."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.kept = copy.deepcopy(NET), dict[str, Tensor]()
        self.body[2].register_forward_hook(self.keep)

    def keep(self, _: nn.Module, __: Any, output: Tensor) -> None:
        self.kept["features"] = output

    def forward(self, x: Tensor) -> Any:
        self.body(x)
        return self.body[3](self.kept["features"])


def decorated(function: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    @functools.wraps(function)
    def inner(x: Tensor) -> Any:
        return function(x)

    return inner


WRAPPED: dict[str, Callable[[], Any]] = {
    "a module": lambda: NET,
    "a closure": lambda: (lambda net: lambda x: net(x))(NET),
    "a function in a function": lambda: lambda x: (lambda y: NET(y))(x),
    "a default": lambda: lambda x, net=NET: net(x),
    "a partial": lambda: functools.partial(lambda net, x: net(x), NET),
    "a method": lambda: NET.forward,
    "a global": lambda: through_a_global,
    "a global function": lambda: through_another_function,
    "an object": Holder,
    "an object's method": lambda: Holder().__call__,
    "an object with slots": Slots,
    "an object with private slots": PrivateSlots,
    "an object's class": OfTheClass,
    "a dictionary of its own class": lambda: Settings(net=NET),
    "a list of its own class": Networks,
    "a weak proxy": lambda: (lambda held: lambda x: held(x))(weakref.proxy(NET)),
    "the arguments of a command": lambda: (lambda given: lambda x: given.net(x))(
        Namespace(net=NET)
    ),
    "an object that names a global": NamesAGlobal,
    "a namespace": lambda: (lambda held: lambda x: held.net(x))(SimpleNamespace(net=NET)),
    "a dict": lambda: lambda x, held={"net": NET}: held["net"](x),
    "a tuple": lambda: lambda x, held=(NET,): held[0](x),
    "a decorator": lambda: decorated(NET),
    "a cache": lambda: functools.lru_cache(lambda x: NET(x)),
    "a module that hides it": Unregistered,
    "a module that reads its hook": Hooked,
    "a parallel module": lambda: nn.DataParallel(NET),
    "a parallel module's method": lambda: nn.DataParallel(NET).forward,
    "a mean of networks": lambda: lambda x: (NET(x) + NET(x)) / 2,
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_network_is_found_behind(name: str) -> None:
    model = WRAPPED[name]()
    expected = copy.deepcopy(NET).eval()(X)
    state = {key: value.clone() for key, value in NET.state_dict().items()}
    with evaluated(model) as found:
        torch.testing.assert_close(found.call(X), expected.detach())
    assert all(module.training for module in NET.modules())
    assert all(value.equal(state[key]) for key, value in NET.state_dict().items())


@pytest.mark.parametrize(
    "normed",
    [
        spectral_norm,
        weight_norm,
        parametrizations.spectral_norm,
        parametrizations.weight_norm,
        parametrizations.orthogonal,
    ],
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_reparametrized_network_stays_as_it_is(normed: Any) -> None:
    net = nn.Sequential(normed(nn.Linear(8, 8)), nn.ReLU(), normed(nn.Linear(8, 3))).train()
    net(X)
    state = {key: value.clone() for key, value in net.state_dict().items()}
    found = Model(net).signals(Pool(X), ALL, ("logits",), progress=False)["logits"]
    assert all(value.equal(state[key]) for key, value in net.state_dict().items())
    torch.testing.assert_close(found, net.eval()(X).detach())


def test_a_buffer_that_every_pass_writes_stays_as_it_is() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("passes", torch.zeros(()))

        def forward(self, x: Tensor) -> Tensor:
            self.passes += 1
            return x

    net = Counting()
    with evaluated(net) as found:
        found.call(X)
    assert net.passes == 0


def test_plain_tensors_and_arrays_that_every_pass_writes_stay_as_they_are() -> None:
    class Averaging(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mean, self.count = torch.zeros(8), np.zeros(1)
            self.kept = {"last": [torch.zeros(8)]}

        def forward(self, x: Tensor) -> Tensor:
            self.mean.lerp_(x.mean(dim=0), 0.1)
            self.kept["last"][0].copy_(x[-1])
            self.count += len(x)
            return x

    net = Averaging()
    with evaluated(net) as found:
        found.call(X)
    assert not net.mean.any() and not net.count.any() and not net.kept["last"][0].any()


def test_a_parameter_that_a_pass_writes_is_named() -> None:
    class Clamping(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            self.weight.data.clamp_(-1, 1)
            self.weight.mul_(1.0)
            return super().forward(x)

    with (
        pytest.raises(ModelError, match=r"changes its parameter Clamping\.weight"),
        evaluated(Clamping(8, 3)) as found,
    ):
        found.call(X)


def test_a_parameter_without_values_is_named() -> None:
    with pytest.raises(ModelError, match="a parameter 'weight' without values"):
        Model(nn.LazyLinear(3)).signals(Pool(X), ALL, ("logits",), progress=False)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_script_in_training_mode_is_evaluated_and_a_frozen_one_as_it_is() -> None:
    expected = copy.deepcopy(NET).eval()(X).detach()
    script = torch.jit.script(copy.deepcopy(NET))
    frozen = torch.jit.freeze(torch.jit.script(copy.deepcopy(NET).eval()))
    for model in (script, frozen):
        found = Model(model).signals(Pool(X), ALL, ("logits",), progress=False)["logits"]
        torch.testing.assert_close(found, expected)
    assert script.training


def test_an_encoder_of_a_function_leaves_the_network_alone() -> None:
    mean = NET[1].running_mean.clone()
    Pool(X, embeddings=Encoder(lambda x: NET(x))).take("embeddings", ALL)
    assert NET[1].running_mean.equal(mean)


def test_a_counter_of_the_function_still_counts() -> None:
    rows: list[int] = []
    net = network()

    def model(x: Tensor) -> Any:
        rows.append(len(x))
        return net(x)

    Model(model, batch_size=10).signals(Pool(X), ALL, ("logits",), progress=False)
    assert rows == [10] * 4


def test_a_network_that_trains_meanwhile_stays_in_training_mode() -> None:
    net, items, labeled = network(), X.repeat(20, 1), LabeledSet(800, 3)
    labeled.add([0, 1, 2], [0, 1, 2])
    stop, modes = threading.Event(), list[bool]()
    optimizer = torch.optim.SGD(net.parameters(), 0.01)

    def training() -> None:
        while not stop.is_set():
            loss = net(X).square().mean()
            modes.extend(module.training for module in net.modules())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    thread = threading.Thread(target=training)
    thread.start()
    for seed in range(8):
        Uncertainty().query(Pool(items), labeled, 5, model=net, seed=seed, progress=False)
    stop.set()
    thread.join()
    assert modes and all(modes)


def test_queries_in_threads_are_those_of_one_thread() -> None:
    net, labeled = network(), LabeledSet(40, 3)
    labeled.add([0, 1, 2], [0, 1, 2])
    mean = net[1].running_mean.clone()

    def ask(_: int) -> list[int]:
        query = Uncertainty().query(Pool(X), labeled, 6, model=net, seed=0, progress=False)
        return list(query.indices.tolist())

    expected = ask(0)
    with ThreadPoolExecutor(8) as threads:
        assert all(found == expected for found in threads.map(ask, range(16)))
    assert net[1].running_mean.equal(mean) and all(each.training for each in net.modules())
