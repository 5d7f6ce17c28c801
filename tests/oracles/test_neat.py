"""NEAT's whole query, item by item in float64: neighbors, votes, equation 5, and what is drawn."""

import math
from typing import Any

import numpy as np
import pytest

from openal.labeled import UNKNOWN
from openal.strategies import NEAT, NEATPassive
from openal.testing import World
from tests.oracles.comparing import (
    BUDGETS,
    WORLDS,
    Expected,
    Scores,
    check,
    draws,
    is_near_tie,
    ranked,
    remembered,
    unlabeled,
)
from tests.walking import walked

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "k=1": {"k": 1},
    "k=2, ties of one known and one unknown": {"k": 2},
    "more neighbors than answers": {"k": 99},
    "all neighbors known": {"rule": "all", "k": 3},
    "all of ten neighbors known": {"rule": "all"},
    "by count": {"rule": "count"},
    "by count, five times the budget": {"rule": "count", "factor": 5.0, "k": 4},
    "majority, 1.5 times the budget": {"factor": 1.5, "k": 5},
    "the nearest first until an UNKNOWN comes": {"tie_break": "nearest"},
    "all known, the nearest first until an UNKNOWN comes": {
        "tie_break": "nearest",
        "rule": "all",
        "k": 3,
    },
}
PASSIVE: dict[str, dict[str, Any]] = {
    "default": {},
    "k=1": {"k": 1},
    "more neighbors than answers": {"k": 99},
    "by count": {"rule": "count", "k": 5},
}


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


@remembered
def tables(z: np.ndarray, answered: list[int]) -> list[Scores]:
    """The cosines of every item with the answered ones, the nearest first; ties by index."""
    found = [{other: cosine(row, z[other]) for other in answered} for row in z]
    return [dict(sorted(each.items(), key=lambda pair: (-pair[1], pair[0]))) for each in found]


def nearest(made: World, index: int, k: int) -> tuple[list[int], float]:
    """The labels of the k nearest answered items, and their mean cosine; ties by index."""
    answered = sorted(i for i, label in made.answers.items() if label >= UNKNOWN)
    cosines = tables(made.signals["embeddings"], answered)[index]
    near = [*cosines][:k]
    return [made.answers[i] for i in near], math.fsum(cosines[i] for i in near) / len(near)


def inconsistency(logits: np.ndarray, votes: list[int]) -> float:
    """Equation 5: -sum_c P_c log softmax(V)_c."""
    powers = [math.exp(float(z) - float(logits.max())) for z in logits]
    normalizer = math.log(sum(math.exp(v) for v in votes))
    return -sum(p / sum(powers) * (v - normalizer) for p, v in zip(powers, votes, strict=True))


def neat(
    made: World,
    rows: list[int],
    budget: int,
    *,
    k: int = 10,
    rule: str = "majority",
    factor: float = 2.0,
    tie_break: str = "random",
) -> Expected:
    """The query among `rows`, ascending."""
    budget, share, nearness, informative = min(budget, len(rows)), Scores(), Scores(), Scores()
    for index in rows:
        labels, nearness[index] = nearest(made, index, k)
        known = [label for label in labels if label != UNKNOWN]
        share[index] = len(known) / len(labels)
        votes = [known.count(c) for c in range(made.num_classes)]
        informative[index] = round(inconsistency(made.signals["logits"][index], votes), 12)
    by_distance = tie_break == "nearest" and UNKNOWN not in made.answers.values()

    def ordered(rows: list[int], depth: int) -> tuple[list[int], bool]:
        """By the share, equal ones by distance or by what is drawn; whether rounding decides."""
        standing = nearness if by_distance else draws(made.labeled, rows, depth)
        order = {index: 1000 * share[index] + standing[index] for index in rows}
        best = ranked(rows, order)
        return best, is_near_tie(best, order, len(best), 1e-6)

    (kept, near_tie), filled = ordered(rows, 0), 0
    if rule != "count":
        passed = sum(x == 1 if rule == "all" else x > 0.5 for x in share.values())
        kept, filled = kept[: max(passed, budget)], max(0, budget - passed)
    if rule == "majority":
        kept, torn = ordered(kept, 1)
        near_tie = near_tie or torn
    if rule != "all":
        kept = kept[: math.ceil(factor * budget)]
    else:
        share = {index: x if x == 1 else x / 2 for index, x in share.items()}
    asked = ranked(kept, informative)
    near_tie = near_tie or is_near_tie(asked, informative, budget, 1e-5)
    return Expected(asked[:budget], share, informative, filled, near_tie)


def neat_passive(
    made: World, rows: list[int], budget: int, *, k: int = 10, rule: str = "all"
) -> Expected:
    """A draw among the candidates whose neighbors are all known; by count, the most known."""
    budget, share, first = min(budget, len(rows)), Scores(), draws(made.labeled, rows, 0)
    for index in rows:
        labels, _ = nearest(made, index, k)
        share[index] = sum(label != UNKNOWN for label in labels) / len(labels)
        share[index] /= 2 if rule == "all" and share[index] < 1 else 1
    kept = sorted(rows, key=lambda index: (-share[index], -first[index]))
    if rule == "count":
        return Expected(kept[:budget], share)
    passed = sum(x == 1 for x in share.values())
    kept = kept[: max(passed, budget)]
    second = draws(made.labeled, kept, 1)
    return Expected(ranked(kept, second)[:budget], share, second, max(0, budget - passed))


@walked
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
@pytest.mark.parametrize("kind", WORLDS)
def test_the_query_is_that_of_the_equations(kind: str, options: dict[str, Any]) -> None:
    for seed, budget in enumerate(BUDGETS):
        made = WORLDS[kind](seed)
        query = NEAT(**options).query(made.pool, made.labeled, budget, seed=0)
        check(query, neat(made, unlabeled(made), budget, **options))


@walked
@pytest.mark.parametrize("options", PASSIVE.values(), ids=PASSIVE)
@pytest.mark.parametrize("kind", WORLDS)
def test_the_passive_query_is_that_of_the_paper(kind: str, options: dict[str, Any]) -> None:
    for seed, budget in enumerate(BUDGETS):
        made = WORLDS[kind](seed)
        query = NEATPassive(**options).query(made.pool, made.labeled, budget, seed=0)
        check(query, neat_passive(made, unlabeled(made), budget, **options))


@pytest.mark.parametrize("seed", range(5))
def test_among_some_candidates_in_any_order(seed: int) -> None:
    made = WORLDS["plain"](seed)
    some = np.random.default_rng(seed).permutation(len(made))[:30]
    query = NEAT(k=4).query(made.pool, made.labeled, 6, candidates=some, seed=0)
    check(query, neat(made, sorted(set(some.tolist()) - made.answers.keys()), 6, k=4))


def test_rounding_decides_nothing_here() -> None:
    worlds = [(WORLDS[kind](seed), b) for kind in WORLDS for seed, b in enumerate(BUDGETS)]
    torn = [neat(made, unlabeled(made), budget).near_tie for made, budget in worlds]
    assert not any(torn)
