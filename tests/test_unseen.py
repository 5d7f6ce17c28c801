"""Callables that hide the networks behind them: the first batch is passed twice."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal import LabeledSet, Pool
from openal._evaluation import evaluated
from openal._unseen import FirstBatchTwice
from openal.errors import ModelError
from openal.learners import Encoder
from openal.model import Model
from openal.strategies import Uncertainty

X = torch.randn(40, 8, generator=torch.Generator().manual_seed(0)) * 3 + 5
ALL = np.arange(40)


def layers(*more: nn.Module, training: bool = True) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(8, 16), *more, nn.Linear(16, 3)).train(training)


def hidden(net: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    """A function behind which no network can be found: an extension's, say."""
    NETS.append(net)
    return partial(call_net, len(NETS) - 1)


NETS: list[Any] = []


def call_net(number: int, x: Tensor) -> Any:
    return vars(sys.modules[__name__])["NETS"][number](x)


def logits(model: Callable[[Tensor], Any]) -> Tensor:
    return Model(model, batch_size=10).signals(Pool(X), ALL, ("logits",), progress=False)["logits"]


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(16), nn.Dropout(0.2)], ids=["batch norm", "drop"])
@pytest.mark.filterwarnings("error")
def test_a_hidden_network_in_training_mode_is_an_error(layer: nn.Module) -> None:
    why = r"^model gives item \d+ of its first batch another output.*training mode.*\.eval\(\)"
    with pytest.raises(ModelError, match=why):
        Uncertainty().query(Pool(X), LabeledSet(40, 3), 4, model=hidden(layers(layer)), seed=0)


@pytest.mark.parametrize("x", [X, X[:1], X[:3]], ids=["40", "1", "3"])
def test_a_hidden_network_in_evaluation_mode_is_used(x: Tensor) -> None:
    net = layers(nn.BatchNorm1d(16), nn.Dropout(0.5), training=False)
    with evaluated(hidden(net)) as found:
        assert torch.equal(found.call(x), net(x))


def test_the_error_names_the_argument_of_an_encoder() -> None:
    function = hidden(layers(nn.Dropout(0.5)))
    with pytest.raises(ModelError, match=r"^module gives item"):
        Encoder(function).signals(Pool(X), ALL, ("embeddings",))


def test_only_the_first_batch_is_passed_twice() -> None:
    rows: list[int] = []

    def model(x: Tensor) -> Tensor:
        rows.append(len(x))
        return x[:, :3]

    assert torch.equal(logits(model), X[:, :3])
    assert rows == [10] * 5


def test_a_network_that_is_found_is_asked_once() -> None:
    rows: list[int] = []
    net = layers()

    def model(x: Tensor) -> Any:
        rows.append(len(x))
        return net(x)

    logits(model)
    assert rows == [10] * 4


def test_a_network_that_is_found_and_not_called_hides_none() -> None:
    """A global of the name of an attribute is found: the network that is called is another."""
    found, drop = layers(training=False), hidden(layers(nn.Dropout(0.5)))
    with pytest.raises(ModelError, match="training mode"):
        logits(lambda x, unused=found: drop(x))


class AlwaysDropping(nn.Module):
    """With a slip that is often made: a function that drops in evaluation mode, too."""

    def __init__(self) -> None:
        super().__init__()
        self.net = layers()

    def forward(self, x: Tensor) -> Any:
        return self.net(nn.functional.dropout(x, 0.5))


def test_a_network_that_draws_has_the_same_logits_again_and_moves_no_random_state() -> None:
    net, state = AlwaysDropping(), torch.get_rng_state()
    with pytest.warns(UserWarning, match=r"^model draws random numbers in evaluation mode") as said:
        first = logits(net)
    with pytest.warns(UserWarning, match=r"training=self\.training"):
        assert torch.equal(logits(net), first)
    assert len(said) == 1 and not torch.equal(first[:10], first[10:20])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.filterwarnings("error")
def test_a_module_that_holds_nothing_is_no_network() -> None:
    softmax, drop = nn.Softmax(1), hidden(layers(nn.Dropout(0.5)))
    with pytest.raises(ModelError, match="training mode"):
        logits(lambda x: softmax(drop(x)))


def test_a_parameter_that_is_found_and_written_is_named() -> None:
    weight = nn.Parameter(torch.ones(8, 3))

    def model(x: Tensor) -> Tensor:
        weight.mul_(1.0)
        return x @ weight

    with pytest.raises(ModelError, match=r"^model changes a parameter \(8, 3\) when it is called"):
        logits(model)


def test_what_is_written_over_by_the_next_call_is_right() -> None:
    output = torch.empty(10, 3)
    assert torch.equal(logits(lambda x: output.copy_(x[:, :3])), X[:, :3])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_outputs_that_are_no_numbers_or_all_alike_agree(value: float) -> None:
    call = FirstBatchTwice(lambda x: torch.full((len(x), 3), value), "model", ())
    assert call(X).shape == (40, 3)


def test_outputs_by_name_are_compared() -> None:
    call = FirstBatchTwice(lambda x: {"logits": x, "features": torch.rand_like(x)}, "model", ())
    with pytest.raises(ModelError, match="another features"):
        call(X)
