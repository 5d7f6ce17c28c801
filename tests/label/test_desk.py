"""Posts: recorded once, put back, taken back, refused."""

from pathlib import Path

import pytest

from openal import SKIPPED, UNKNOWN, LabeledSet
from openal.errors import AnswerError
from openal.label._desk import ConflictError
from openal.label._leases import LEASE
from openal.label._posts import Post
from tests.label.desks import A, B, Window, answers_of, desk_of, held, work


def test_an_answer_is_recorded_and_the_next_image_comes() -> None:
    window = Window(desk_of())
    assert window.look() == [0]
    state = window.answer((0, 1), annotator="Kim")
    assert held(state) == [1] and state["soon"] == [2]
    assert answers_of(window.desk) == {0: 1}
    assert window.desk.work.labeled.annotators == {0: "Kim"}


def test_a_post_that_is_repeated_is_acknowledged_and_changes_nothing() -> None:
    window = Window(desk_of())
    post = window.post(answers=((0, 1),))
    first = window.desk.answer(post)
    assert window.desk.answer(post) == first
    assert len(window.desk.work.labeled) == 1


def test_a_post_that_is_repeated_after_a_restart_is_acknowledged(tmp_path: Path) -> None:
    post = Post(A, serial=3, hold=1, answers=((0, 1),))
    desk_of(work(path=tmp_path / "a.db")).answer(post)
    again = desk_of(work(path=tmp_path / "a.db"))
    assert held(again.answer(post)) == [1]
    assert len(again.work.labeled) == 1


def test_another_answer_with_an_old_serial_is_refused() -> None:
    window = Window(desk_of())
    window.answer((0, 1))
    with pytest.raises(ConflictError, match="late"):
        window.desk.answer(Post(A, serial=1, answers=((0, 0),)))
    assert answers_of(window.desk) == {0: 1}


def test_an_answer_that_comes_again_after_it_was_undone_changes_nothing() -> None:
    window = Window(desk_of())
    window.answer((0, 1))
    window.undo((0, 1))
    with pytest.raises(ConflictError):
        window.desk.answer(Post(A, serial=1, answers=((0, 1),)))
    assert answers_of(window.desk) == {}


@pytest.mark.parametrize("index", [11, 12, 2**53])
def test_what_is_not_asked_is_refused(index: int) -> None:
    window = Window(desk_of())
    with pytest.raises(ConflictError, match="not asked"):
        window.answer((index, 1))
    assert answers_of(window.desk) == {}


def test_a_class_that_is_not_there_is_refused() -> None:
    window = Window(desk_of())
    with pytest.raises(ConflictError, match="label 2"):
        window.answer((0, 2))
    assert held(window.answer((0, 1))) == [1]


def test_several_answers_are_recorded_all_or_none() -> None:
    window = Window(desk_of())
    with pytest.raises(ConflictError):
        window.answer((0, 1), (9, 1))
    assert answers_of(window.desk) == {}
    window.answer((0, 1), (1, UNKNOWN), (2, SKIPPED))
    assert answers_of(window.desk) == {0: 1, 1: UNKNOWN, 2: SKIPPED}


def test_an_image_of_another_window_is_refused() -> None:
    desk = desk_of()
    one, two = Window(desk, A), Window(desk, B)
    assert (one.look(), two.look()) == ([0], [2])  # 1 is what the first one gets next
    with pytest.raises(ConflictError, match="another window"):
        two.answer((0, 1))
    assert answers_of(desk) == {}


def test_an_image_whose_lease_ran_out_may_be_answered_while_nobody_holds_it() -> None:
    now = [0.0]
    desk = desk_of(clock=lambda: now[0])
    one, two = Window(desk, A), Window(desk, B)
    assert one.look() == [0]
    now[0] = LEASE + 1
    assert two.look() == [0]
    with pytest.raises(ConflictError):
        one.answer((0, 1))
    two.desk.leave(Post(B, serial=0))
    one.answer((0, 1))
    assert answers_of(desk) == {0: 1}


def test_after_a_restart_an_image_is_still_in_its_window(tmp_path: Path) -> None:
    kept, ledger = tmp_path / "held", tmp_path / "a.db"
    desk = desk_of(work(path=ledger), kept=kept)
    assert [Window(desk, name).look() for name in (A, B)] == [[0], [2]]
    again = desk_of(work(path=ledger), kept=kept)
    with pytest.raises(ConflictError, match="another window"):
        Window(again, B).answer((0, 1))
    assert [Window(again, name).look() for name in (B, A)] == [[2], [0]]


@pytest.mark.parametrize("text", ["", "[]", '{"window-a": 3}', '{"window-a": ["x"]}', "{" * 9000])
def test_leases_that_cannot_be_read_are_forgotten(tmp_path: Path, text: str) -> None:
    (tmp_path / "held").write_text(text)
    assert Window(desk_of(kept=tmp_path / "held"), B).look() == [0]


def test_a_window_that_waits_for_another_is_told() -> None:
    desk = desk_of(work(budget=1))
    Window(desk, A).look()
    assert desk.look(Post(B, hold=1))["phase"] == "elsewhere"


def test_undo_shows_the_image_again() -> None:
    window = Window(desk_of())
    window.answer((0, 1))
    assert window.look() == [1]
    assert held(window.undo((0, 1))) == [0]
    assert answers_of(window.desk) == {}
    assert held(window.answer((0, 0))) == [1]


def test_undo_that_is_repeated_changes_nothing() -> None:
    window = Window(desk_of())
    window.answer((0, 1))
    post = window.post(answers=((0, 1),))
    assert held(window.desk.undo(post)) == held(window.desk.undo(post)) == [0]


def test_undo_reaches_over_a_restart(tmp_path: Path) -> None:
    Window(desk_of(work(path=tmp_path / "a.db"))).answer((0, 1))
    window = Window(desk_of(work(path=tmp_path / "a.db")))
    assert held(window.undo((0, 1))) == [0]


def test_undo_of_another_windows_answer_is_refused() -> None:
    desk = desk_of()
    Window(desk, A).answer((0, 1))
    with pytest.raises(ConflictError, match="Another window"):
        Window(desk, B).undo((0, 1))
    assert answers_of(desk) == {0: 1}


def test_undo_of_an_answer_that_was_changed_is_refused() -> None:
    window = Window(desk_of())
    window.answer((0, 1))
    window.desk.work.labeled.relabel(0, 0)
    with pytest.raises(ConflictError, match="changed"):
        window.undo((0, 1))
    assert answers_of(window.desk) == {0: 0}


def test_undo_after_the_round_is_over_asks_again_at_once() -> None:
    window = Window(desk_of(work(budget=1)))
    window.answer((0, 1))
    window.desk.rounds.wait()
    assert held(window.undo((0, 1))) == [0]
    assert held(window.answer((0, 0))) == [1]
    assert answers_of(window.desk) == {0: 0}


def test_what_is_skipped_comes_at_the_end_of_the_round() -> None:
    window = Window(desk_of())
    assert window.look() == [0]
    shown = [held(window.desk.skip(window.post(indices=(0,))))]
    shown += [held(window.answer((index, 1))) for index in (1, 2, 3)]
    assert shown == [[1], [2], [3], [0]]
    assert 0 not in answers_of(window.desk)


def test_what_a_window_does_not_hold_cannot_be_skipped() -> None:
    window = Window(desk_of())
    window.look()
    with pytest.raises(ConflictError, match="not in this window"):
        window.desk.skip(window.post(indices=(2,)))


def test_answers_of_another_program_are_seen(tmp_path: Path) -> None:
    window = Window(desk_of(work(path=tmp_path / "a.db")))
    assert window.look() == [0]
    LabeledSet(12, ["cat", "dog"], path=tmp_path / "a.db").add([0, 1], [1, 0])
    assert window.look() == [2]


def test_a_class_is_added_through_the_work() -> None:
    added: list[str] = []
    window = Window(desk_of(work(add_class=added.append)))
    state = window.desk.add_class(window.post(name="owl"))
    assert added == ["owl"] and state["can_add"]
    window.desk.add_class(window.post(name="cat"))
    assert added == ["owl"]


def test_a_class_that_the_ledger_refuses_is_told() -> None:
    def refuse(name: str) -> None:
        raise AnswerError(f"{name} cannot be")

    window = Window(desk_of(work(add_class=refuse)))
    with pytest.raises(ConflictError, match="UNKNOWN cannot be"):
        window.desk.add_class(window.post(name="UNKNOWN"))


def test_a_window_that_was_loaded_anew_keeps_its_images() -> None:
    desk = desk_of()
    desk.look(Post(A, serial=5, hold=1))
    desk.look(Post(A, serial=6, hold=1))  # the new page is faster than the old one's farewell
    desk.leave(Post(A, serial=5))
    assert Window(desk, B).look() == [2]
    desk.leave(Post(A, serial=6))
    assert held(desk.look(Post(B, hold=3))) == [2, 3, 0]


def test_a_name_that_is_no_text_can_be_sent() -> None:
    desk = desk_of(work(names=["\udcff.jpg"] * 12))
    assert desk.look(Post(A, hold=1))["held"][0]["name"] == "?.jpg"
