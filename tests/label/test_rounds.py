"""Rounds begin by themselves; what the page says about them."""

import threading
from dataclasses import replace

import pytest

from openal import SKIPPED, UNKNOWN
from openal.errors import AnswerError, LedgerError
from openal.label._desk import Desk
from openal.label._posts import Post
from tests.label.desks import A, Window, desk_of, work


def test_rounds_begin_by_themselves_until_nothing_is_left() -> None:
    window = Window(desk_of(work(size=6, budget=4)))
    seen, state = [], {"phase": "ask"}
    while state["phase"] != "done":
        for index in window.look():
            seen.append(index)
            window.answer((index, UNKNOWN))
        window.desk.rounds.wait()
        state = window.desk.look(Post(A, hold=1))
    assert seen == [*range(6)]
    assert [past.begun for past in window.desk.work.labeled.history] == [True, True]


def test_the_page_says_that_it_is_choosing() -> None:
    gate = threading.Event()
    given = work()
    desk = Desk(replace(given, ask=lambda: (gate.wait(5), given.ask())))
    desk.open()
    assert desk.look(Post(A, hold=1))["phase"] == "choosing"
    gate.set()
    desk.rounds.wait()
    assert desk.look(Post(A, hold=1))["phase"] == "ask"


def test_a_round_that_cannot_be_chosen_is_told_and_tried_again() -> None:
    given = work()
    errors = [LedgerError("the file is locked")]

    def ask() -> None:
        if errors:
            raise errors.pop()
        given.ask()

    desk = desk_of(replace(given, ask=ask))
    state = desk.look(Post(A, hold=1))
    assert (state["phase"], state["message"]) == ("failed", "the file is locked")
    desk.again(Post(A, hold=1))
    desk.rounds.wait()
    assert Window(desk).look() == [0]


def test_a_query_about_what_was_answered_meanwhile_is_asked_again() -> None:
    given = work()
    errors = [AnswerError("it was answered already")]

    def ask() -> None:
        if errors:
            raise errors.pop()
        given.ask()

    assert Window(desk_of(replace(given, ask=ask))).look() == [0]


def test_progress_is_that_of_the_ledger() -> None:
    window = Window(desk_of(work(budget=3)))
    for index, answer in enumerate((1, UNKNOWN, SKIPPED)):
        window.answer((index, answer))
    window.desk.rounds.wait()
    state = window.answer((3, UNKNOWN))
    counts = {"answers": 3, "known": 1, "unknown": 1, "skipped": 1, "wasted": pytest.approx(2 / 3)}
    assert state["past"] == [counts]
    assert state["round"]["number"] == 2 and state["round"]["left"] == 2
    assert state["round"]["wasted"] == 1
    assert state["total"]["images"] == 12 and state["total"]["answers"] == 4
    assert state["by_class"] == [0, 1]


def test_a_round_says_what_share_is_expected_to_be_wasted() -> None:
    window = Window(desk_of(work(budget=2)))
    window.answer((0, 1), (1, UNKNOWN))
    window.desk.rounds.wait()
    assert 0 < window.desk.look(Post(A))["round"]["expected"] < 1


def test_it_advises_to_stop_where_nothing_is_found() -> None:
    window = Window(desk_of(work(size=80, budget=20)))
    assert window.desk.look(Post(A))["advice"] == ""
    for start in (0, 20, 40):
        window.answer(*((index, UNKNOWN) for index in range(start, start + 20)))
        window.desk.rounds.wait()
    assert window.desk.look(Post(A))["advice"].startswith("You may stop: the last three rounds")


def test_a_question_says_why() -> None:
    desk = desk_of(work(reasons=lambda: {0: "looks like a dog"}))
    (question,) = desk.look(Post(A, hold=1))["held"]
    assert question["name"] == "0.jpg" and question["place"] == 1
    assert question["why"].startswith("Looks like a dog. Number 1 of the 4 of this round")
