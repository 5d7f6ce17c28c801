"""A query sets its own contexts: what is around it changes nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from openal._contexts import own_contexts
from openal.pool import Pool
from openal.strategies import available
from openal.testing import world

WORLD = world()
AROUND: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "numpy": lambda: np.errstate(all="raise"),
}


def asked(name: str) -> list[int]:
    pool = Pool(embeddings=torch.tensor(WORLD.signals["embeddings"]))
    query = available()[name]().query(pool, WORLD.labeled, 5, seed=0, progress=False)
    return list(query.indices.tolist())


usually_asked = cache(asked)


@pytest.mark.long
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", ["LearningLoss", "EOAL", "LfOSA", "E2OAL", "BALD"])
def test_a_strategy_that_trains_asks_the_same_inside(name: str, around: str) -> None:
    expected = usually_asked(name)
    with AROUND[around]():
        assert asked(name) == expected


def test_the_contexts_of_the_user_come_back() -> None:
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16), np.errstate(all="raise"):
        with own_contexts():
            assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
            assert not torch.is_autocast_enabled("cpu") and np.geterr()["under"] == "ignore"
        assert torch.is_inference_mode_enabled() and torch.is_autocast_enabled("cpu")
        assert np.geterr()["under"] == "raise"


def test_a_model_runs_in_single_precision_under_autocast() -> None:
    net, labeled = torch.nn.Linear(8, 3), WORLD.labeled
    pool = Pool(torch.tensor(WORLD.signals["embeddings"]))
    ask = available()["Uncertainty"]().query
    plain = ask(pool, labeled, 5, model=net, seed=0, progress=False)
    with torch.autocast("cpu", torch.bfloat16):
        inside = ask(pool, labeled, 5, model=net, seed=0, progress=False)
    assert inside.scores is not None and plain.scores is not None
    assert inside.scores.equal(plain.scores)
