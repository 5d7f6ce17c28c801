"""Every strategy asks in eight threads about one network, which is trained meanwhile."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from openal import Pool
from openal.strategies import available
from openal.testing._world import world

THREADS, QUERIES = 8, 120
PAUSE = 0.001  # seconds after a step: else it takes the cores from the queries
WORLD = world()
ITEMS = torch.from_numpy(WORLD.signals["embeddings"])
# The rest is learned, or the network's.
OFFERED = ("embeddings", "yes_cosines", "no_cosines", "prompt_logits")
LEARNED = set(WORLD.signals) - {*OFFERED, "logits", "features"}


class Trained(nn.Module):
    """A network whose head alone learns; what a query reads of it stands still.

    The running mean has a momentum of 0 and the body a rate of 0, so that every query meets the
    same values, though each step goes through batch norm and dropout.
    """

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        body = [nn.Linear(8, 16), nn.BatchNorm1d(16, momentum=0.0), nn.ReLU(), nn.Dropout(0.5)]
        self.body, self.classifier = nn.Sequential(*body), nn.Linear(16, 3)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.body(x))  # type: ignore[no-any-return]


def trained(network: Trained, goes_on: Callable[[int], bool]) -> int:
    """Steps from one seed of the process until it shall not go on; returns how many."""
    torch.manual_seed(1)
    rates = [
        {"params": network.body.parameters(), "lr": 0.0},
        {"params": [*network.head.parameters()]},
    ]
    optimizer, steps = torch.optim.SGD(rates, lr=0.01), 0
    while goes_on(steps):
        assert all(module.training for module in network.modules())
        optimizer.zero_grad()
        network.head(network.body(ITEMS)).square().mean().backward()
        optimizer.step()
        steps += 1
        time.sleep(PAUSE)
    return steps


def asked(name: str, network: Trained, offered: Iterable[str]) -> list[int]:
    pool, strategy = (
        Pool(ITEMS, **{each: WORLD.signals[each] for each in offered}),
        available()[name](),
    )
    query = strategy.query(pool, WORLD.labeled, 6, model=network, seed=0, progress=False)
    return list(query.indices.tolist())


@pytest.mark.long
def test_all_is_as_if_each_were_alone() -> None:
    """A query of each strategy trains its learners; the rest is offered what these would say."""
    network, strategies = Trained(), [*available()]
    asks = [(name, OFFERED) for name in strategies]
    asks += [
        (name, (*OFFERED, *LEARNED)) for name in islice(cycle(strategies), QUERIES - len(asks))
    ]
    expected = {ask: asked(ask[0], Trained(), ask[1]) for ask in {*asks}}
    over = threading.Event()
    with ThreadPoolExecutor(THREADS + 1) as threads:
        training = threads.submit(trained, network, lambda _: not over.is_set())
        queries = [threads.submit(asked, name, network, offered) for name, offered in asks]
        found: list[Any] = [each.exception() or each.result() for each in queries]
        over.set()
        steps = training.result()
    assert not {ask for ask, rows in zip(asks, found, strict=True) if rows != expected[ask]}
    alone = Trained()
    trained(alone, lambda step: step < steps)
    assert steps > QUERIES
    assert all(map(torch.equal, alone.state_dict().values(), network.state_dict().values()))
