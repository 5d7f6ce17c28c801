"""Answers and signals as they come in bad times: none, all alike, of one kind only."""

from collections.abc import Callable

import numpy as np

from openal.labeled import SKIPPED, UNKNOWN
from openal.query import Query, QueryStrategy
from openal.testing.asking import ask, expect, expect_same, expect_sound
from openal.testing.declaring import recorded
from openal.testing.worlds import MakeWorld, World

__all__ = ["SITUATIONS", "learns_in_hard_times", "works_in_hard_times"]


def works_in_hard_times(strategy: QueryStrategy, make: MakeWorld) -> None:
    """In every situation: the exact count, and the same query again."""
    for name, situation in SITUATIONS.items():
        query = _sound_query(strategy, situation(make), f"with {name}")
        expect_same(query, ask(strategy, situation(make)), f"with {name}, asking again")


def learns_in_hard_times(strategy: QueryStrategy, make: MakeWorld) -> None:
    """The same where signals are computed by learners, which start with nothing."""
    for name, situation in SITUATIONS.items():
        world, _ = recorded(situation(make))
        _sound_query(strategy, world, f"with {name} and signals from learners")


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
