"""Small worlds to query, and an oracle's answer beside that of a strategy."""

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import pairwise
from typing import ParamSpec, TypeVar

import numpy as np
import pytest
import torch

from openal._seeds import derived_seed
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.query import Query
from openal.testing import World, world

Scores = dict[int, float]
P, R = ParamSpec("P"), TypeVar("R")


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """The function, computed once for equal arguments: the cases of an oracle share most of them.

    Its results must not be changed.
    """
    results: dict[bytes, R] = {}

    @wraps(function)
    def wrapped(*arguments: P.args, **options: P.kwargs) -> R:
        key = pickle.dumps((arguments, options))
        if key not in results:
            results[key] = function(*arguments, **options)
        return results[key]

    return wrapped


def but(made: World, *labels: int) -> World:
    """The world without the answers of some labels."""
    return made.answered({i: each for i, each in made.answers.items() if each not in labels})


def noisy(made: World) -> World:
    """The world with signals that tell nothing of the classes."""
    rng = np.random.default_rng(len(made))
    signals = {name: rng.normal(size=x.shape).astype("f4") for name, x in made.signals.items()}
    cosines = {name: signals[name] / 20 + 0.2 for name in ("yes_cosines", "no_cosines")}
    return made.offering(signals | cosines)


WORLDS: dict[str, Callable[[int], World]] = {
    "plain": world,
    "large": lambda seed: world(seed, size=150, num_classes=4),
    "one class": lambda seed: world(seed, size=40, num_classes=1),
    "every item twice": lambda seed: world(seed).doubled(),
    "noise": lambda seed: noisy(world(seed, size=80)),
    "noise, every item twice": lambda seed: noisy(world(seed, size=80)).doubled(),
    "no unknown answers": lambda seed: but(world(seed), UNKNOWN),
    "no known answers": lambda seed: but(world(seed), 0, 1, 2),
    "a class without answers": lambda seed: but(world(seed), 1, SKIPPED),
    "two answers": lambda seed: world(seed).answered({7: 0, 3: UNKNOWN}),
}
KINDS = (*WORLDS, "no answers")
BUDGETS = (1, 9, 1000)


def in_turn(
    cases: Iterable[str], case: str, kind: str, budgets: Sequence[int] = BUDGETS
) -> list[tuple[int, int]]:
    """Seeds and budgets for a case in a kind of world: all for the first case, else one of them.

    It is another in turn, so that every case and every kind meet every budget.
    """
    every, number = [*enumerate(budgets)], [*cases].index(case)
    at = (number + KINDS.index(kind)) % len(every)
    return every if number == 0 else [every[at]]


@dataclass(frozen=True)
class Expected:
    """What an oracle asks, and the scores that it found, by index."""

    indices: list[int]
    purity: Scores
    informativeness: Scores | None = None
    n_filled: int = 0
    near_tie: bool = False  # rounding may decide


def ranked(rows: Sequence[int], score: Scores) -> list[int]:
    """The largest first; equals stay in their order."""
    return sorted(rows, key=lambda row: -score[row])


def is_near_tie(rows: Sequence[int], score: Scores, count: int, within: float | Scores) -> bool:
    """Whether rounding may decide who is among the first rows, or in which order."""
    best = rows[: count + 1]
    limits = within if isinstance(within, dict) else dict.fromkeys(best, within)
    return any(0 < score[a] - score[b] <= max(limits[a], limits[b]) for a, b in pairwise(best))


def unlabeled(made: World) -> list[int]:
    """The indices without an answer, ascending."""
    return [index for index in range(len(made)) if index not in made.answers]


def draws(labeled: LabeledSet, rows: Sequence[int], depth: int, seed: int = 0) -> Scores:
    """What the stage at that depth draws for its candidates, in the order of their indices."""
    own = torch.Generator().manual_seed(derived_seed(seed, len(labeled.history), depth))
    drawn = torch.rand(len(rows), generator=own, dtype=torch.float64).tolist()
    return dict(zip(sorted(rows), drawn, strict=True))


def upper_half(x: np.ndarray) -> np.ndarray:
    """1 above the split with the least squares within its halves; of equal ones the lowest."""
    ordered, best = np.sort(x), (np.inf, 0.0)
    for at in range(1, len(x)):
        low, high = ordered[:at], ordered[at:]
        squares = float(((low - low.mean()) ** 2).sum() + ((high - high.mean()) ** 2).sum())
        if squares < best[0] * (1 - 1e-12):
            best = squares, low[-1]
    return (x > best[1]).astype(float)


def check(query: Query, expected: Expected) -> None:
    """The query asks the same, unless rounding decides, and found the same scores."""
    found = query.indices.tolist()
    if not expected.near_tie:
        assert found == expected.indices
    assert len(set(found)) == len(expected.indices)
    assert query.n_filled == expected.n_filled
    assert query.purity is not None
    wanted = [expected.purity[index] for index in found]
    assert query.purity.tolist() == pytest.approx(wanted, abs=1e-5)
    if expected.informativeness is None:
        assert query.informativeness is None
        return
    assert query.informativeness is not None
    wanted = [expected.informativeness[index] for index in found]
    assert query.informativeness.tolist() == pytest.approx(wanted, abs=1e-5)
