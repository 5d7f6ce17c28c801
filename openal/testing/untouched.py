"""A query leaves everything as it found it: signals, answers, the strategy, the model."""

import pickle
from collections import Counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from openal.pool import Pool
from openal.query import QueryStrategy
from openal.seeds import isolated_rng
from openal.testing.asking import ask, expect, expect_same, expect_sound
from openal.testing.worlds import MakeWorld, World

__all__ = ["changes_nothing", "leaves_the_model_as_it_was"]

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
    """`model=` offers logits and features: evaluation mode, each item once, nothing changed."""
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
    expect(not twice, f"the model's inputs {twice[:5]} were read more than once")
    expect(model.rows <= len(items.read), f"{len(items.read)} items made {model.rows} passes")
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
    """A classifier whose two modes differ: dropout and batch normalisation."""

    def __init__(self, width: int, num_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(width, 8), nn.BatchNorm1d(8), nn.Dropout(0.5))
        self.head = nn.Linear(8, num_classes)
        self.rows = 0

    def forward(self, x: Tensor) -> Tensor:
        self.rows += len(x)
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
