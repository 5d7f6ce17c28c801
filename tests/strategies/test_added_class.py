"""A class added between two rounds: a query is that of a labeled set that had it from the start."""

from typing import Any

import numpy as np
import pytest

from openal import strategies
from openal.labeled import UNKNOWN, LabeledSet
from openal.query import QueryStrategy
from openal.testing._world import World, world
from tests.walking import walked

WORLD = world(num_classes=3)
NAMES = ["cat", "dog", "owl"]
PER_CLASS = {"logits", "mc_logits", "detector_logits", "head_logits", "evidence_logits"}
PER_CLASS |= {"yes_cosines", "no_cosines", "predicted_loss"}


def strategy(name: str) -> QueryStrategy | None:
    """The strategy with its defaults, or None where it needs an argument."""
    try:
        made: QueryStrategy = getattr(strategies, name)()
    except TypeError:
        return None
    return made


DEFAULTS = [name for name in strategies.__all__ if name[0].isupper() and strategy(name)]


def first_round(made: World) -> dict[int, int]:
    """The third class is unknown as yet."""
    return {i: UNKNOWN if label == 2 else label for i, label in made.answers.items()}


def answered(labeled: LabeledSet, late: list[int]) -> None:
    """What people say after the class was added: also about items that were unknown before."""
    labeled.add(late, [2] * len(late))
    again = [i for i in labeled.unknown_indices.tolist() if WORLD.hidden[i] == 2]
    labeled.relabel(again, ["owl"] * len(again))


def asked(chosen: QueryStrategy, pool: Any, labeled: LabeledSet) -> tuple[Any, ...]:
    query = chosen.query(pool, labeled, 5, seed=0, progress=False)
    return query.indices.tolist(), None if query.scores is None else query.scores.tolist()


@walked
@pytest.mark.long
@pytest.mark.parametrize("name", DEFAULTS)
def test_the_next_query_is_that_of_a_set_that_had_it_at_once(name: str) -> None:
    chosen = strategy(name)
    assert chosen is not None
    small = world(num_classes=2)
    pool = WORLD.pool.with_signals(
        **{signal: small.signals[signal] for signal in PER_CLASS & {*small.signals}}
    )
    midway, at_once = LabeledSet(60, NAMES[:2]), LabeledSet(60, NAMES)
    said = first_round(WORLD)
    late = [i for i in np.flatnonzero(WORLD.hidden == 2).tolist() if i not in said][:2]
    for labeled in (midway, at_once):
        labeled.add([*said], [*said.values()])
    asked(chosen, pool, midway)  # what a strategy may remember
    midway.add_class("owl")
    for labeled in (midway, at_once):
        answered(labeled, late)
    later = pool.with_signals(
        **{signal: WORLD.signals[signal] for signal in PER_CLASS & {*small.signals}}
    )
    assert asked(chosen, later, midway) == asked(chosen, later, at_once)
