"""Networks as they come: wrapped, compiled, in training, failing midway; each left as it was."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal.errors import ArrayError, ModelError
from openal.labeled import LabeledSet
from openal.learners import Encoder
from openal.model import Model
from openal.pool import Pool
from openal.query import Query
from openal.strategies import available
from openal.testing import world
from openal.testing._world import ask, expect_same
from tests.walking import walked

WORLD = world()
ITEMS = torch.tensor(WORLD.signals["embeddings"])
TASK = [name for name, kind in available().items() if {"logits", "features"} & {*kind().reads}]
"""The strategies that read what a task network gives."""


class Network(nn.Module):
    """Batch normalization and dropout, both in training mode: evaluation gives other numbers."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.body = nn.Sequential(nn.Linear(8, 6), nn.BatchNorm1d(6), nn.Dropout(0.5))
            self.head = nn.Linear(6, 3)
        self.body[1].running_mean += 0.5
        self.train()

    def forward(self, x: Tensor) -> Any:
        return self.head(self.body(x))


class Output(NamedTuple):
    """What a library's own type of output looks like."""

    logits: Tensor
    features: Tensor


class Mutating(Network):
    def forward(self, x: Tensor) -> Any:
        found = super().forward(x)
        x.fill_(float("nan"))
        return found


class Wrapped(Network):
    """Returns logits and features in a form of its own."""

    def __init__(self, form: Callable[[Tensor, Tensor], Any]) -> None:
        super().__init__()
        self.form = form

    def forward(self, x: Tensor) -> Any:
        features = self.body(x)
        return self.form(self.head(features), features)


class Failing(Network):
    """Raises in its second batch, or gives too few rows there."""

    def __init__(self, how: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.how, self.batches = how, 0

    def forward(self, x: Tensor) -> Any:
        self.batches += 1
        found = super().forward(x)
        return found if self.batches < 2 else self.how(found)


def raising(_: Tensor) -> Any:
    raise MemoryError("no more room")


SAME: dict[str, Callable[[], Any]] = {
    "in training mode": Network,
    "in evaluation mode": lambda: Network().eval(),
    "parallel": lambda: nn.DataParallel(Network()),
    "compiled": lambda: torch.compile(Network(), backend="eager"),
    "without gradients": lambda: Network().requires_grad_(False),
    "that mutates its input": Mutating,
    "that returns a tuple": lambda: Wrapped(lambda z, f: (z, f)),
    "that returns a list": lambda: Wrapped(lambda z, f: [z, f]),
    "that returns a dict": lambda: Wrapped(lambda z, f: {"features": f, "logits": z, "loss": None}),
    "that returns an object": lambda: Wrapped(lambda z, f: SimpleNamespace(logits=z, features=f)),
    "that returns a named tuple": lambda: Wrapped(Output),
}
"""The same network in another dress."""

REFUSED: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "fewer rows": (lambda z: z[:-1], "in 2 dimensions"),
    "no rows": (lambda z: z[:0], "in 2 dimensions"),
    "one dimension": (lambda z: z[:, 0], "in 2 dimensions"),
    "nothing": (lambda z: None, "got NoneType"),
    "an array": (lambda z: z.detach().numpy(), "got ndarray"),
    "logits that are no tensor": (lambda z: {"logits": z.tolist()}, "model gives no 'logits'"),
    "a dict of another name": (lambda z: {"scores": z}, "model gives no 'logits'"),
    "another width": (lambda z: z[:, :2], "of one shape per item"),
}
"""What a network returns in its second batch, and what is said of it."""


def inside(model: nn.Module) -> Any:
    """What a pass could change: modes, hooks, weights and statistics, gradients."""
    modes = [(each.training, len(each._forward_pre_hooks)) for each in model.modules()]
    grads = [(each.grad is None, each.requires_grad) for each in model.parameters()]
    return modes, grads, [(k, v.tolist()) for k, v in model.state_dict().items()]


def asked(name: str, model: Any) -> Query:
    """A query about the world's items, with the model in the place of its task signals."""
    kept = {k: v for k, v in WORLD.signals.items() if k not in Model.offers}
    learner = Model(model, batch_size=2)
    pool = Pool(ITEMS.clone(), **kept)
    return available()[name]().query(pool, WORLD.labeled, 6, model=learner, seed=0, progress=False)


@walked
@pytest.mark.filterwarnings("ignore:Guards may run slower on Python 3.13.0:RuntimeWarning")
@pytest.mark.parametrize("form", SAME)
def test_any_dress_gives_the_same_signals(form: str) -> None:
    plain, items = Network().eval(), ITEMS.clone()
    model = SAME[form]()
    before = inside(model)
    state = torch.get_rng_state()
    learner, rows = Model(model, batch_size=16), np.arange(len(ITEMS))
    found = learner.signals(Pool(items), rows, ("logits", "features"), progress=False)
    torch.testing.assert_close(found["logits"], plain(ITEMS).detach())
    torch.testing.assert_close(found["features"], plain.body(ITEMS).detach())
    assert not any(each.requires_grad for each in found.values())
    assert inside(model) == before
    assert torch.equal(items, ITEMS) and torch.equal(torch.get_rng_state(), state)


@walked
@pytest.mark.parametrize("name", TASK)
def test_a_strategy_asks_the_same_of_a_model_and_of_its_outputs(name: str) -> None:
    plain = Network().eval()
    with torch.no_grad():
        features = plain.body(ITEMS)
        task = {"features": features, "logits": plain.head(features)}
    expected = ask(available()[name](), WORLD.offering({**WORLD.signals, **task}))
    expect_same(expected, asked(name, nn.DataParallel(Mutating())), "a wrapped, mutating model")


@walked
@pytest.mark.parametrize("form", REFUSED)
@pytest.mark.parametrize("name", ["NEAT", "Uncertainty", "BADGE"])
def test_an_output_that_fails_midway_is_refused(name: str, form: str) -> None:
    how, words = REFUSED[form]
    model = Failing(how)
    before, answers = inside(model), len(WORLD.labeled)
    with pytest.raises(ModelError, match=words):
        asked(name, model)
    assert inside(model) == before and len(WORLD.labeled) == answers


@walked
@pytest.mark.parametrize("name", TASK)
def test_a_models_own_error_comes_through_and_leaves_it_alone(name: str) -> None:
    model = Failing(raising)
    before, state = inside(model), torch.get_rng_state()
    with pytest.raises(MemoryError, match="no more room"):
        asked(name, model)
    assert inside(model) == before and torch.equal(torch.get_rng_state(), state)


@walked
@pytest.mark.parametrize("name", TASK)
def test_a_model_of_nan_is_refused_by_the_index(name: str) -> None:
    network = Network()
    network.head.weight.data[:] = float("nan")
    network.body[0].weight.data[:] = float("nan")
    with pytest.raises(ArrayError, match=r"^signal '\w+' must be finite; index \d+ is not"):
        asked(name, network)


@walked
@pytest.mark.parametrize("name", TASK)
def test_a_model_without_weights_is_refused_by_the_signal(name: str) -> None:
    """As libraries make it before they load the weights: on the meta device."""
    with pytest.raises(ArrayError, match=r"^signal '\w+' must hold numbers"):
        asked(name, Network().to("meta"))


@walked
@pytest.mark.parametrize("how", [lambda z: z[:-1], lambda z: z[0, 0], Tensor.tolist])
def test_an_encoder_gives_a_row_per_item_in_every_batch(how: Any) -> None:
    model = Failing(how)
    before = inside(model)
    pool = Pool(ITEMS, embeddings=Encoder(model, batch_size=16))
    with pytest.raises(ModelError, match="a tensor with a row per input"):
        pool.take("embeddings", np.arange(60))
    assert inside(model) == before


def test_an_encoder_gives_rows_of_one_width() -> None:
    pool = Pool(ITEMS, embeddings=Encoder(Failing(lambda z: z[:, :2]), batch_size=16))
    message = r"embeddings of one shape per item, got \[\(2,\), \(3,\)\]"
    with pytest.raises(ModelError, match=message):
        pool.take("embeddings", np.arange(60))


def test_an_encoder_gives_no_rows_of_no_items() -> None:
    pool = Pool(ITEMS, embeddings=Encoder(Network()))
    assert len(pool.view(LabeledSet(60, 3), reads=("embeddings",)).known["embeddings"]) == 0
