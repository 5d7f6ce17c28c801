"""Every strategy and the arrays that a pool is given: what is no signal is refused by its name."""

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import torch
from torch import Tensor

from openal._signals import STANDARD
from openal.errors import ArgumentError, ArrayError
from openal.pool import Pool
from openal.query import Query
from openal.strategies import available
from openal.testing import World, world
from openal.testing._world import ask, expect_same
from tests.walking import walked

WORLD = world()
READ = [(name, signal) for name, kind in available().items() for signal in kind().reads]
SIGNALS = sorted({signal for _, signal in READ})
SHAPED = [(name, signal) for name, signal in READ if STANDARD[signal].expected(3)]
ABOUT_CLASSES = [
    (n, signal) for n, signal in SHAPED if STANDARD[signal].shape.endswith(("K", "K+1"))
]
RAW = [(name, signal) for name, signal in READ if STANDARD[signal].raw]


class Own(Tensor):
    """A subclass that says nothing about how it is computed with."""


FIRST = {("OpenPath", "embeddings"), ("OpenPath", "prompt_logits")}
"""Those that are read before there is an answer, and not later."""


def offering(signal: str, values: Any, name: str = "") -> World:
    """The world with other values of a signal that the strategy of that name reads."""
    made = WORLD.offering({**WORLD.signals, signal: values})
    return made.answered({}) if (name, signal) in FIRST else made


def own(signal: str) -> Tensor:
    return torch.tensor(WORLD.signals[signal])


NO_SIGNAL: dict[str, Callable[[Tensor], Any]] = {
    "nothing": lambda _: None,
    "a list": Tensor.tolist,
    "a tuple of logits and features": lambda x: (x, x),
    "a dict": lambda x: {"logits": x},
    "an object with .logits": lambda x: SimpleNamespace(logits=x),
    "one number": lambda _: torch.tensor(1.0),
    "objects": lambda x: x.numpy().astype(object),
    "texts": lambda x: x.numpy().astype(str),
    "bools": lambda x: x > 0,
    "dates": lambda x: x.numpy().astype("M8[s]"),
    "a record array": lambda x: np.zeros(len(x), [("logit", "f4")]),
    "complex numbers": lambda x: x.to(torch.complex64),
    "a sparse tensor": Tensor.to_sparse,
    "a sparse tensor by rows": lambda x: x.reshape(len(x), -1).to_sparse_csr(),
    "a sparse array": lambda x: scipy.sparse.csr_array(x.reshape(len(x), -1).numpy()),
    "a nested tensor": lambda x: torch.nested.nested_tensor(list(x)),
    "a tensor without numbers": lambda x: x.to("meta"),
    "masked": lambda x: np.ma.array(x.numpy(), mask=x.numpy() > 0),
}
"""What is no array of N real numbers, or rows of them."""

SAME: dict[str, Callable[[Tensor], Any]] = {
    "a parameter": torch.nn.Parameter,
    "a subclass": lambda x: x.as_subclass(Own),
    "an output with a gradient": lambda x: x.clone().requires_grad_() * 1,
    "every other row": lambda x: x.repeat_interleave(2, dim=0)[::2],
    "another byte order": lambda x: x.numpy().astype(">f4"),
    "a matrix that nobody masked": lambda x: np.ma.array(x.numpy()),
}
"""The same numbers in another container."""


@walked
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors is in prototype stage")
@pytest.mark.parametrize("form", NO_SIGNAL)
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_pool_refuses_what_is_no_signal(signal: str, form: str) -> None:
    pool = Pool(embeddings=np.zeros((60, 2)))
    with pytest.raises(ArgumentError, match=f"^{signal} must"):
        pool.with_signals(**{signal: NO_SIGNAL[form](own(signal))})
    assert pool.offers == ("embeddings",)


@cache
def usual(name: str) -> Query:
    return ask(available()[name](), WORLD)


@walked
@pytest.mark.parametrize("form", SAME)
@pytest.mark.parametrize("name, signal", READ)
def test_another_container_is_the_same_signal(name: str, signal: str, form: str) -> None:
    values = SAME[form](own(signal))
    before = values.detach().clone() if isinstance(values, Tensor) else values.copy()
    expect_same(usual(name), ask(available()[name](), offering(signal, values)), form)
    assert (values == before).all()


@walked
@pytest.mark.parametrize("by", [-1, 1])
@pytest.mark.parametrize("name, signal", ABOUT_CLASSES)
def test_a_column_too_many_or_too_few_is_refused(name: str, signal: str, by: int) -> None:
    """K columns for a detector, or K + 1 for a classifier, are columns of something else."""
    width = STANDARD[signal].expected(3)[-1]
    assert width is not None
    values = torch.cat([own(signal), own(signal)], dim=-1)[..., : width + by]
    message = rf"^signal '{signal}' must have {width} columns for 3 classes, got shape"
    with pytest.raises(ArrayError, match=message):
        ask(available()[name](), offering(signal, values))


@walked
@pytest.mark.parametrize("name, signal", SHAPED)
def test_another_number_of_dimensions_is_refused(name: str, signal: str) -> None:
    strategy, values = available()[name](), own(signal)
    for wrong in (values.flatten(1)[:, 0], values[:, None], values[..., None], values[..., :0]):
        with pytest.raises(ArrayError, match=f"^signal '{signal}' must have"):
            ask(strategy, offering(signal, wrong, name))


@walked
@pytest.mark.parametrize("name, signal", RAW)
def test_probabilities_are_told_from_logits(name: str, signal: str) -> None:
    """They are ranked as what they are called: nothing but their sums tells them apart."""
    with pytest.warns(UserWarning, match=f"^Signal '{signal}' looks like probabilities"):
        query = ask(available()[name](), offering(signal, own(signal).softmax(dim=-1), name))
    assert len(query) == 6


@walked
@pytest.mark.parametrize("name, signal", RAW)
def test_toy_logits_are_no_probabilities(name: str, signal: str) -> None:
    values = own(signal)
    one_hot = torch.zeros_like(values).scatter(-1, values.argmax(dim=-1, keepdim=True), 1.0)
    even = torch.full_like(values, 1 / values.shape[-1])
    for toy in (one_hot, even):
        assert len(ask(available()[name](), offering(signal, toy))) == 6
