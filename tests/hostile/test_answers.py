"""Answers that come late, in parts, out of order, twice or from people who disagree."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal.errors import AnswerError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.query import Query, QueryStrategy
from openal.strategies import available
from openal.testing import World, world
from openal.testing._signal_checks import declared, learned_from
from openal.testing._state_checks import SITUATIONS
from openal.testing._world import ask, expect_same, expect_sound
from openal.view import Round
from tests.walking import walked

STRATEGIES = {name: kind() for name, kind in available().items()}

ONE_CLASS = {
    "nobody answered": {},
    "known only": {3: 0, 8: 0},
    "UNKNOWN only": {3: UNKNOWN, 8: UNKNOWN},
    "SKIPPED only": {3: SKIPPED, 8: SKIPPED},
    "one of each": {3: 0, 8: UNKNOWN, 9: SKIPPED},
}

PAIRS = {
    "UNKNOWN and SKIPPED": {3: UNKNOWN, 8: SKIPPED, 9: UNKNOWN},
    "one known and SKIPPED": {3: 2, 8: SKIPPED, 9: SKIPPED},
    "two classes of three, no UNKNOWN": {3: 0, 8: 2, 9: 0},
    "a class once, the others often": {3: 1, **dict.fromkeys(range(20, 30), 0)},
}


def begun(made: World) -> tuple[LabeledSet, Query]:
    """A labeled set with the world's answers that waits for the items of another query."""
    labeled = LabeledSet(len(made), made.num_classes)
    labeled.add([*made.answers], [*made.answers.values()])
    query = ask(STRATEGIES["Uncertainty"], made, 12)
    labeled.begin_round(query)
    return labeled, query


def asked_about(strategy: QueryStrategy, made: World, labeled: LabeledSet, **more: Any) -> Query:
    return strategy.query(made.pool, labeled, 6, seed=0, progress=False, **more)


@walked
@pytest.mark.parametrize("answers", ONE_CLASS.values(), ids=ONE_CLASS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_query_for_one_class(name: str, answers: dict[int, int]) -> None:
    made = world(num_classes=1).answered(answers)
    expect_sound(ask(STRATEGIES[name], made), made, 6)


@walked
@pytest.mark.parametrize("answers", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_query_from_few_answers(name: str, answers: dict[int, int]) -> None:
    made = world().answered(answers)
    expect_sound(ask(STRATEGIES[name], made), made, 6)


@walked
@pytest.mark.parametrize("name", STRATEGIES)
def test_answers_in_part_leave_a_query_that_asks_for_what_is_open(name: str) -> None:
    made = world()
    labeled, query = begun(made)
    late, strategy = query.indices[::2], STRATEGIES[name]
    labeled.add(late[::-1], made.hidden[late[::-1]])
    found = asked_about(strategy, made, labeled)
    assert np.isin(found.indices, labeled.unlabeled_indices).all()
    left = asked_about(strategy, made, labeled, candidates=labeled.pending_indices)
    assert set(left) == set(query) - set(late.tolist())
    assert len(found) == len(left) == 6


@walked
@pytest.mark.parametrize("name", STRATEGIES)
def test_an_answer_twice_changes_no_query(name: str) -> None:
    made, strategy = world(), STRATEGIES[name]
    before = asked_about(strategy, made, made.labeled)
    for index, label in made.answers.items():
        made.labeled.add(index, label, annotator="bob")
    expect_same(before, asked_about(strategy, made, made.labeled), "answering again")


@walked
@pytest.mark.parametrize("name", STRATEGIES)
def test_an_answer_taken_back_and_given_again_leaves_a_sound_query(name: str) -> None:
    made = world()
    labeled, query = begun(made)
    labeled.add(query.indices, made.hidden[query.indices])
    labeled.retract(query.indices[:4])
    labeled.relabel(query.indices[4:6], [UNKNOWN, SKIPPED])
    labeled.add(query.indices[:2], [SKIPPED, 0])
    found = asked_about(STRATEGIES[name], made, labeled)
    assert len(set(found)) == 6
    assert np.isin(found.indices, labeled.unlabeled_indices).all()


def learned(strategy: QueryStrategy, made: World) -> set[str]:
    """What the strategy's own learners make of a pool of embeddings."""
    read = {*declared(strategy, made)}
    raw = {*made.signals} - read | {"embeddings"}
    return {name for name in read if learned_from(strategy, name, raw)}


LEARNERS = {
    repr(strategy.learners): name
    for name, strategy in STRATEGIES.items()
    if learned(strategy, world())
}
"""One strategy for each kind of learners that a strategy brings."""

HARD = ("no answers", "only UNKNOWN", "only SKIPPED", "one answer", "all rows alike")


@walked
@pytest.mark.parametrize("when", [*HARD, "one known class"])
@pytest.mark.parametrize("name", LEARNERS.values())
def test_learners_are_trained_in_hard_times(name: str, when: str) -> None:
    made, strategy = SITUATIONS[when](world), STRATEGIES[name]
    made_up = learned(strategy, made)
    poor = made.offering({k: v for k, v in made.signals.items() if k not in made_up})
    query = ask(strategy, poor)
    expect_sound(query, poor, 6)
    assert query.scores is None or bool(query.scores.isfinite().all())


@walked
@pytest.mark.parametrize("on_disk", [False, True], ids=["memory", "disk"])
def test_people_who_disagree_are_told_and_the_first_answer_stays(
    tmp_path: Path, on_disk: bool
) -> None:
    labeled = LabeledSet(10, 3, tmp_path / "answers.db" if on_disk else None)
    labeled.add([4], [1], annotator="ann")
    for label in (0, 2, UNKNOWN, SKIPPED):
        for annotator in ("ann", None):
            with pytest.raises(AnswerError, match=f"index 4: it was answered 1, now {label}"):
                labeled.add([3, 4], [label, label], annotator=annotator)
        labeled.add([4], [label], annotator=f"against {label}")
    labeled.add([4], [1], annotator="bob")
    assert (len(labeled), labeled.annotators) == (1, {4: "ann"})
    assert [*labeled.disagreements[4].values()] == [1, 0, 2, UNKNOWN, SKIPPED, 1]


ARRIVALS: dict[str, Callable[[list[int]], list[list[int]]]] = {
    "at once": lambda asked: [asked],
    "one by one": lambda asked: [[each] for each in asked],
    "backwards": lambda asked: [[each] for each in reversed(asked)],
    "twice": lambda asked: [asked[:3], asked, asked],
    "with others in between": lambda asked: [asked[4:], [0], asked[:4], [1, 2]],
}


@walked
@pytest.mark.parametrize("on_disk", [False, True], ids=["memory", "disk"])
@pytest.mark.parametrize("arrival", ARRIVALS.values(), ids=ARRIVALS)
def test_a_round_is_the_same_however_its_answers_arrive(
    tmp_path: Path, arrival: Callable[[list[int]], list[list[int]]], on_disk: bool
) -> None:
    asked, labels = [9, 4, 7, 3, 8, 5], [0, UNKNOWN, 1, SKIPPED, 2, 0]
    told = {0: 0, 1: 1, 2: 2, **dict(zip(asked, labels, strict=True))}
    labeled = LabeledSet(10, 3, tmp_path / "answers.db" if on_disk else None)
    labeled.begin_round(Round(np.array(asked), np.array(asked)))
    for part in arrival(asked):
        labeled.add(part, [told[index] for index in part])
    assert labeled.pending_indices.tolist() == []
    assert labeled.history[0].indices.tolist() == asked
    assert labeled.history[0].labels.tolist() == labels
