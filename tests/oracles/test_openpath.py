"""OpenPath's whole query, item by item in float64: prototypes, groups at random, entropies."""

import math
from typing import Any

import numpy as np
import pytest

from openal.strategies import OpenPath
from openal.testing import World
from tests.oracles.comparing import (
    BUDGETS,
    WORLDS,
    Expected,
    check,
    draws,
    is_near_tie,
    ranked,
    unlabeled,
)
from tests.walking import walked

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "half of them, three groups": {"share": 0.5, "groups": 3},
    "all of them, one group": {"share": 1.0, "groups": 1},
}
WARM = [kind for kind in WORLDS if kind != "no known answers"]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()))


def prototypes(made: World) -> list[np.ndarray]:
    """The mean features of each class that has answers."""
    z, answers = made.signals["features"].astype(float), made.answers
    members = [[i for i, label in answers.items() if label == c] for c in range(made.num_classes)]
    return [z[rows].mean(axis=0) for rows in members if rows]


def entropy(logits: np.ndarray) -> float:
    powers = [math.exp(float(z) - float(logits.max())) for z in logits]
    shares = [p / sum(powers) for p in powers]
    return -sum(p * math.log(p) for p in shares if p > 0)


def openpath(
    made: World, rows: list[int], budget: int, *, share: float = 0.25, groups: int = 10
) -> Expected:
    """The query among `rows`, ascending, once there is a known answer."""
    budget, z = min(budget, len(rows)), made.signals["features"].astype(float)
    means = prototypes(made)
    purity = {i: max(cosine(z[i], mean) for mean in means) for i in rows}
    near = ranked(rows, purity)
    count = max(math.ceil(share * len(rows)), budget)
    torn = is_near_tie(near, purity, len(near), 1e-6)
    near = near[:count]
    informative = {i: entropy(made.signals["logits"][i]) for i in near}
    best, drawn = ranked(near, informative), draws(made.labeled, near, 1)
    order = sorted(near, key=lambda i: drawn[i])
    groups = min(groups, budget, len(near))
    share_of_each, asked = max(1, budget // groups), list[int]()
    queues = [[i for i in best if order.index(i) % groups == g] for g in range(groups)]
    while len(asked) < budget:
        turn = {i for queue in queues for i in queue[:share_of_each]}
        asked += [i for i in best if i in turn][: budget - len(asked)]
        queues = [queue[share_of_each:] for queue in queues]
    asked = [i for i in best if i in asked]
    torn = torn or is_near_tie(best, informative, len(best), 1e-6)
    return Expected(asked, purity, informative, near_tie=torn)


@walked
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
@pytest.mark.parametrize("kind", WARM)
def test_the_query_is_that_of_the_definition(kind: str, options: dict[str, Any]) -> None:
    for seed, budget in enumerate(BUDGETS):
        made = WORLDS[kind](seed)
        query = OpenPath(**options).query(made.pool, made.labeled, budget, seed=0)
        check(query, openpath(made, unlabeled(made), budget, **options))


def predicted_known(made: World, rows: list[int]) -> list[int]:
    """Those whose most likely text is one of a class."""
    logits = made.signals["prompt_logits"]
    return [i for i in rows if int(logits[i].argmax()) < made.num_classes]


@pytest.mark.parametrize("seed", range(4))
def test_the_first_query_is_nearest_to_the_centers_of_what_texts_call_known(seed: int) -> None:
    made = WORLDS["no known answers"](seed)
    known = predicted_known(made, unlabeled(made))
    z = made.signals["embeddings"].astype(float)
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    one = OpenPath().query(made.pool, made.labeled, 1, seed=0)
    center = z[known].mean(axis=0)
    assert one.indices.tolist() == [min(known, key=lambda i: math.dist(z[i], center))]
    few = OpenPath().query(made.pool, made.labeled, 5, seed=0)
    assert {*few.indices.tolist()} <= {*known}
    every = OpenPath().query(made.pool, made.labeled, len(known), seed=0)
    assert sorted(every.indices.tolist()) == known


def test_few_worlds_are_near_a_tie() -> None:
    worlds = [(WORLDS[kind](seed), b) for kind in WARM for seed, b in enumerate(BUDGETS)]
    torn = [openpath(made, unlabeled(made), budget).near_tie for made, budget in worlds]
    assert sum(torn) < len(torn) / 5
