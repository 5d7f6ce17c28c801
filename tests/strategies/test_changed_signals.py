"""What a pool remembers never meets other values: a query is that of a pool made anew.

Between two queries embeddings are changed in place or on a disk, a network is trained, a learner
refitted, items are changed: each strategy then asks what it asks of a fresh pool.
"""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal.learners import Encoder, MCDropout
from openal.model import Model
from openal.pool import Pool
from openal.query import Query
from openal.store import Embeddings, build_store
from openal.strategies import available
from openal.testing._world import World, world

WORLD: World = world()
OLD = WORLD.signals["embeddings"]
NEW = np.ascontiguousarray(OLD[:, ::-1]) * np.linspace(1, 3, 8, dtype=np.float32)
OTHERS = {name: values for name, values in WORLD.signals.items() if name != "embeddings"}
NAMES = sorted(available())


def asked(name: str, pool: Pool) -> tuple[Any, ...]:
    query: Query = available()[name]().query(pool, WORLD.labeled, 6, seed=0, progress=False)
    scores = query.scores
    return query.indices.tolist(), None if scores is None else scores.tolist()


def expect_fresh(name: str, make: Callable[[], Pool], change: Callable[[], object]) -> None:
    """After a change the pool that has been asked is asked as one that has not."""
    pool = make()
    asked(name, pool)
    change()
    assert asked(name, pool) == asked(name, make())


def values_in(kind: str, folder: Path) -> tuple[Any, Callable[[], object]]:
    """The embeddings in a container, and what puts others there."""
    if kind == "numpy":
        array = OLD.copy()
        return array, lambda: np.copyto(array, NEW)
    if kind == "torch":
        tensor = torch.from_numpy(OLD.copy())
        return tensor, lambda: tensor.copy_(torch.from_numpy(NEW))
    if kind == "memmap":
        np.save(folder / "z.npy", OLD)
        written = np.load(folder / "z.npy", mmap_mode="r+")
        return np.load(folder / "z.npy", mmap_mode="r"), lambda: np.copyto(written, NEW)
    encoded = build_store(folder / "s", [*torch.from_numpy(OLD)], as_it_is, fingerprint={})
    (shard,) = [*(folder / "s").glob("*.npy")]
    stored = np.load(shard, mmap_mode="r+")
    unverified = Embeddings(encoded.folder, verify=False)
    return unverified, lambda: np.copyto(stored, NEW.astype(stored.dtype))


def as_it_is(x: Tensor) -> Tensor:
    return x


KINDS = ["torch", "memmap", "store"]
REMEMBERING = ["NEAT", "NEATPassive", "MQNet", "CCAL"]
CASES = [(name, "numpy") for name in NAMES]
CASES += [(name, kind) for name in REMEMBERING for kind in KINDS]
OTHER_CASES = [(name, kind) for name in NAMES for kind in KINDS if name not in REMEMBERING]


@pytest.mark.parametrize("name, kind", CASES)
def test_embeddings_changed_where_they_are(name: str, kind: str, tmp_path: Path) -> None:
    values, change = values_in(kind, tmp_path)
    expect_fresh(name, lambda: Pool(embeddings=values, **OTHERS), change)


@pytest.mark.long
@pytest.mark.parametrize("name, kind", OTHER_CASES)
def test_embeddings_changed_in_any_container(name: str, kind: str, tmp_path: Path) -> None:
    values, change = values_in(kind, tmp_path)
    expect_fresh(name, lambda: Pool(embeddings=values, **OTHERS), change)


# --- one or some rows


@pytest.mark.parametrize("name", REMEMBERING)
@pytest.mark.parametrize("answered", [False, True])
def test_one_row_changed(name: str, answered: bool) -> None:
    values = OLD.copy()
    row = int(WORLD.labeled.known_indices[0] if answered else WORLD.labeled.unlabeled_indices[0])
    change = lambda: values.__setitem__(row, -NEW[row])  # noqa: E731
    expect_fresh(name, lambda: Pool(embeddings=values, **OTHERS), change)


# --- a network trained between two queries


class Network(nn.Module):
    def __init__(self, outputs: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5))
        self.head, self.scale = nn.Linear(16, outputs), 1.0

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.head(self.body(x))  # type: ignore[no-any-return]


def train(network: nn.Module) -> None:
    """A step, after which each parameter and buffer is another."""
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    network(torch.from_numpy(NEW)).square().mean().backward()
    optimizer.step()


ITEMS = torch.from_numpy(OLD)
OFFERED = {k: v for k, v in WORLD.signals.items() if k not in ("logits", "features", "mc_logits")}


def reads_the_network(name: str) -> bool:
    return not {"logits", "features", "mc_logits"}.isdisjoint(available()[name]().reads)


READERS = [name for name in NAMES if reads_the_network(name)]


def test_most_strategies_read_a_network() -> None:
    assert len(READERS) > 15


@pytest.mark.parametrize("name", READERS)
def test_a_network_trained_a_step(name: str) -> None:
    network = Network()
    model, dropout = Model(network), MCDropout(network)
    signals = {"logits": model, "features": model, "mc_logits": dropout, **OFFERED}
    expect_fresh(name, lambda: Pool(ITEMS, **signals), lambda: train(network))


CHANGES: dict[str, Callable[[Network], object]] = {
    "a step": train,
    "a weight past autograd": lambda net: net.head.weight.data.numpy().__setitem__((0, 0), 9.0),
    "a buffer": lambda net: net.body[1].running_mean.fill_(0.5),
    "a layer exchanged": lambda net: setattr(net, "head", deepcopy(net.head).requires_grad_(False)),
    "an attribute": lambda net: setattr(net, "scale", -2.0),
}


@pytest.mark.parametrize("wrap", [lambda net: net, lambda net: lambda x: net(x)])
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_whatever_changes_in_a_network(change: str, wrap: Callable[[Network], Any]) -> None:
    network = Network()
    learner = Encoder(wrap(network))
    pool = Pool(ITEMS, embeddings=learner)
    pool.take("embeddings", range(60))
    CHANGES[change](network)
    if change == "a layer exchanged":
        train(network)
    fresh = Pool(ITEMS, embeddings=learner).take("embeddings", range(60))
    assert torch.equal(pool.take("embeddings", range(60)), fresh)


# --- learners that are trained in every query


@pytest.mark.long
@pytest.mark.parametrize("name", ["LfOSA", "MQNet"])  # half a minute more for all of them
def test_what_is_learned_is_learned_from_the_new_values(name: str) -> None:
    values, learned = OLD.copy(), {*OTHERS} - {"yes_cosines", "no_cosines", "prompt_logits"}
    offered = {k: v for k, v in OTHERS.items() if k not in learned or not learns(name, k)}
    change = lambda: np.copyto(values, NEW)  # noqa: E731
    expect_fresh(name, lambda: Pool(embeddings=values, **offered), change)


def learns(name: str, signal: str) -> bool:
    """Whether a strategy brings a learner of a signal that reads embeddings alone."""
    learners = getattr(available()[name](), "learners", ())
    return any(signal in each.offers and {*each.reads} <= {"embeddings"} for each in learners)
