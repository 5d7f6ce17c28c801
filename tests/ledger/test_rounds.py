"""The history: rounds of one moment, made when they are looked at, in a sequence like a tuple."""

import pickle
from types import SimpleNamespace

import pytest

from openal import LabeledSet
from openal.ledger._rounds import History, Past
from openal.view import PENDING


@pytest.fixture
def labeled() -> LabeledSet:
    labeled = LabeledSet(20, classes=2)
    labeled.add(9, 0)
    for index in (3, 4, 5):
        labeled.begin_round(SimpleNamespace(indices=[index]))
        labeled.add(index, 1)
    return labeled


def test_only_the_rounds_that_are_looked_at_are_made(
    labeled: LabeledSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(Past, "round", lambda _, number: made.append(number))
    past = labeled.history
    assert (len(past), bool(past), made) == (4, True, [])
    _ = past[-1], past[3], past[1:3]
    assert made == [3, 1, 2]


def test_a_history_stays_as_it_was(labeled: LabeledSet) -> None:
    labeled.begin_round(SimpleNamespace(indices=[7]))
    before = labeled.history
    labeled.add(7, 0)
    labeled.relabel(3, 0)
    labeled.add(10, 1)
    assert [r.labels.tolist() for r in before] == [[0], [1], [1], [1], [PENDING]]
    assert [r.labels.tolist() for r in labeled.history] == [[0], [0], [1], [1], [0], [1]]


def test_answers_that_no_round_asked_for_do_not_change_a_history(labeled: LabeledSet) -> None:
    labeled.add(10, 1)
    before = labeled.history
    labeled.add(11, 1)
    assert before[-1].indices.tolist() == [10]
    assert labeled.history[-1].indices.tolist() == [10, 11]


def test_a_round_is_the_same_object_each_time_it_is_looked_at(labeled: LabeledSet) -> None:
    past = labeled.history
    assert past[1] is past[1] is [*past][1] is past[-3] is past[1:][0]
    assert past[1] is not labeled.history[1]


def test_a_history_is_like_a_tuple(labeled: LabeledSet) -> None:
    past = labeled.history
    rounds = tuple(past)
    assert isinstance(past, History)
    assert past == rounds and rounds == past and past != labeled.history
    assert past + rounds[:1] == (*rounds, rounds[0])
    assert rounds[:1] + past == (rounds[0], *rounds)
    assert hash(past) == hash(rounds) and repr(past) == repr(rounds)
    assert [*reversed(past)] == [*reversed(rounds)]
    assert LabeledSet(3, 2).history == ()
    with pytest.raises(IndexError):
        _ = past[4]


def test_a_history_is_pickled_as_a_tuple_of_its_rounds(labeled: LabeledSet) -> None:
    again = pickle.loads(pickle.dumps(labeled.history))
    assert isinstance(again, tuple)
    assert [r.indices.tolist() for r in again] == [[9], [3], [4], [5]]
