"""A query leaves everything as it found it, also with answers and signals that are degenerate."""

import pickle
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from openal._random_items import READ_AGAIN
from openal.labeled import SKIPPED, UNKNOWN
from openal.pool import Pool
from openal.query import Query, QueryStrategy
from openal.testing._isolated import isolated_rng
from openal.testing._signal_checks import recorded
from openal.testing._world import (
    MakeWorld,
    World,
    ask,
    expect,
    expect_same,
    expect_sound,
    open_candidates,
)

__all__ = [
    "SITUATIONS",
    "changes_nothing",
    "learns_in_hard_times",
    "leaves_the_model_as_it_was",
    "works_in_hard_times",
]


def works_in_hard_times(strategy: QueryStrategy, make: MakeWorld) -> None:
    """In every situation: the exact count, the same query again, and no order of a file."""
    for name, situation in SITUATIONS.items():
        query = _sound_query(strategy, situation(make), f"with {name}")
        expect_same(query, ask(strategy, situation(make)), f"with {name}, asking again")
    _expect_no_order_of_the_file(strategy, make)


def learns_in_hard_times(strategy: QueryStrategy, make: MakeWorld) -> None:
    """The same where signals are computed by learners, which start with nothing."""
    for name, situation in SITUATIONS.items():
        world, _ = recorded(situation(make))
        _sound_query(strategy, world, f"with {name} and signals from learners")


def _expect_no_order_of_the_file(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Before the first known answer, what tells nothing is asked at random, not from the top."""
    for name in ("no answers", "only UNKNOWN"):
        world = SITUATIONS[name](make)
        top = set(open_candidates(world)[:6].tolist())
        asked = [set(ask(strategy, world, seed=seed).indices.tolist()) for seed in (1, 2)]
        expect(top not in asked, f"with {name} it asks about the first items, {sorted(top)}")


def _sound_query(strategy: QueryStrategy, world: World, when: str) -> Query:
    try:
        query = ask(strategy, world)
    except Exception as error:
        raise AssertionError(f"{when} it raises {type(error).__name__}: {error}") from error
    try:
        expect_sound(query, world, 6)
    except AssertionError as error:
        raise AssertionError(f"{when}: {error}") from error
    scores = [] if query.scores is None else query.scores.tolist()
    expect(bool(np.isfinite(scores).all()), f"{when} the scores are {scores}")
    return query


def _only(make: MakeWorld, keep: Callable[[int], bool]) -> World:
    """The world with only the answers of some labels."""
    world = make()
    return world.answered({index: label for index, label in world.answers.items() if keep(label)})


def _all_but(make: MakeWorld, open_: int) -> World:
    """Everything is answered but the last few items."""
    world = make()
    return world.answered({i: int(world.hidden[i]) for i in range(len(world) - open_)})


SITUATIONS: dict[str, Callable[[MakeWorld], World]] = {
    "no answers": lambda make: _only(make, lambda _: False),
    "no UNKNOWN yet": lambda make: _only(make, lambda label: label != UNKNOWN),
    "only UNKNOWN": lambda make: _only(make, lambda label: label == UNKNOWN),
    "only SKIPPED": lambda make: _only(make, lambda label: label == SKIPPED),
    "a class without answers": lambda make: _only(make, lambda label: label != 0),
    "answers of one class only": lambda make: _only(make, lambda label: label == 1),
    "one answer": lambda make: make().answered({7: 2}),
    "one known class": lambda make: make(num_classes=1),
    "every row twice": lambda make: make().doubled(),
    "all rows alike": lambda make: _alike(make()),
    "rows of zeros": lambda make: _zeroed(make()),
    "one candidate left": lambda make: _all_but(make, 1),
    "no candidate left": lambda make: _all_but(make, 0),
}
"""What every strategy must live with, by name."""


def _alike(world: World) -> World:
    """Every item has the signals of the first."""
    return world.taking(np.zeros(len(world), np.int64))


def _zeroed(world: World) -> World:
    """Every fourth row is zero in every signal: no direction, no preference."""
    signals = {name: values.copy() for name, values in world.signals.items()}
    for values in signals.values():
        values[::4] = 0
    return world.offering(signals)


OFFERED = ("features", "logits")


def changes_nothing(strategy: QueryStrategy, make: MakeWorld) -> None:
    """Signals, answers and the strategy itself are afterwards what they were before."""
    world, as_it_was = make(), make()
    copy = pickle.loads(pickle.dumps(strategy))  # noqa: S301
    ask(strategy, world)
    for name, values in world.signals.items():
        expect(np.array_equal(values, as_it_was.signals[name]), f"signal {name!r} was changed")
    expect(_told(world) == _told(as_it_was), "the labeled set was changed")
    expect(strategy == copy, "the strategy was changed: it no longer equals its copy")


def leaves_the_model_as_it_was(strategy: QueryStrategy, make: MakeWorld) -> None:
    """`model=` offers logits and features: evaluation mode, each item once, nothing changed.

    A pool reads its first few items again, to see whether they are the same.
    """
    world = make()
    reads = getattr(strategy, "reads", OFFERED)
    if not {*OFFERED} & {*reads}:
        return
    model, items = _network(world), _Items(world.signals["embeddings"])
    before = _inside(model)
    pool = Pool(items, **{k: v for k, v in world.signals.items() if k not in OFFERED})
    query = strategy.query(pool, world.labeled, 6, model=model, seed=0, progress=False)
    expect_sound(query, world, 6)
    changed = [name for name, value in _inside(model).items() if value != before[name]]
    expect(not changed, f"the model was changed: {changed}")
    twice = [index for index, times in items.read.items() if times > 1]
    expect(len(twice) <= READ_AGAIN, f"the model's inputs {twice[:5]} were read more than once")
    passes = model.passed["rows"]
    expect(passes <= len(items.read), f"{len(items.read)} items made {passes} passes")
    offered = world.offering({**world.signals, **_evaluated(model, items)})
    expect_same(ask(strategy, offered), query, "giving model= instead of its outputs as arrays")


class _Items:
    """A data set that counts how often each item is read."""

    def __init__(self, inputs: np.ndarray) -> None:
        self.inputs, self.read = torch.from_numpy(inputs), Counter[int]()

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        self.read[index] += 1
        return self.inputs[index], "a label that nobody may read"


class _Network(nn.Module):
    """A classifier whose two modes differ: dropout and batch normalization."""

    def __init__(self, width: int, num_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(width, 8), nn.BatchNorm1d(8), nn.Dropout(0.5))
        self.head = nn.Linear(8, num_classes)
        self.passed = Counter[str]()  # shared by the copy that a query evaluates

    def forward(self, x: Tensor) -> Tensor:
        self.passed["rows"] += len(x)
        logits: Tensor = self.head(self.body(x))
        return logits


def _network(world: World) -> _Network:
    with isolated_rng(0):
        network = _Network(world.signals["embeddings"].shape[1], world.num_classes)
    network.train().head.eval()
    return network


def _evaluated(model: _Network, items: _Items) -> dict[str, Tensor]:
    model.eval()
    with torch.no_grad():
        features = model.body(items.inputs)
        return {"features": features, "logits": model.head(features)}


def _inside(model: nn.Module) -> dict[str, Any]:
    """Everything a pass could change, by name."""
    modes = {f"mode of {name!r}": module.training for name, module in model.named_modules()}
    hooks = {f"hooks of {k!r}": len(m._forward_pre_hooks) for k, m in model.named_modules()}
    grads = {f"gradient of {k!r}": p.grad is None for k, p in model.named_parameters()}
    asks = {f"requires_grad of {k!r}": p.requires_grad for k, p in model.named_parameters()}
    return (
        {**{k: v.tolist() for k, v in model.state_dict().items()}, **modes, **hooks} | grads | asks
    )


def _told(world: World) -> list[Any]:
    labeled = world.labeled
    arrays = [labeled.known_indices, labeled.known_labels, labeled.unknown_indices]
    arrays += [labeled.skipped_indices, labeled.unlabeled_indices, labeled.pending_indices]
    return [*(each.tolist() for each in arrays), len(labeled.history)]
