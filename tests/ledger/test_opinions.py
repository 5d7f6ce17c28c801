"""Annotators who disagree: what each said is kept, and the policy says which of it counts."""

import csv
import json
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from openal.errors import AnswerError, ArgumentError, LedgerError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.ledger import _format, as_csv, as_json, read_whole
from openal.ledger._opinions import counted
from tests.ledger.forged import forge
from tests.ledger.test_abandon import schema
from tests.walking import walked

CLASSES = ["cat", "dog", "owl"]


@pytest.fixture(params=["memory", "disk"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "answers.db" if request.param == "disk" else None


def told(policy: str | None, path: Path | None, **said: int) -> LabeledSet:
    """A set in which each annotator says something about item 4."""
    labeled = LabeledSet(10, CLASSES, path, policy=policy)
    labeled.add([1], [2], annotator="ann")
    for who, label in said.items():
        labeled.add([4], [label], annotator=who)
    return labeled


def answers_of(labeled: LabeledSet) -> dict[int, int]:
    return dict(zip(labeled.known_indices.tolist(), labeled.known_labels.tolist(), strict=True))


# --- which answer counts


@walked
@pytest.mark.parametrize(
    "policy, labels, counts",
    [
        ("first", (0, 1, 1), ("a", 0)),
        ("majority", (0, 1), ("a", 0)),
        ("majority", (0, 1, 1), ("b", 1)),
        ("majority", (0, 1, 1, 2, 2), ("b", 1)),
        ("majority", (0, SKIPPED, SKIPPED), ("b", SKIPPED)),
        ("ask", (0, 0), ("a", 0)),
        ("ask", (0, 1), None),
        ("ask", (0, 1, 1), ("b", 1)),
        ("ask", (0, 1, 2, 1, 2), None),
    ],
)
def test_what_counts(policy: str, labels: tuple[int, ...], counts: Any) -> None:
    assert counted(dict(zip("abcde", labels, strict=False)), policy) == counts


def test_by_default_the_first_answer_counts(path: Path | None) -> None:
    labeled = told(None, path, ann=0, bob=1, eve=1)
    assert (labeled.policy, answers_of(labeled)[4], labeled.annotators[4]) == ("first", 0, "ann")
    assert labeled.disagreements == {4: {"ann": 0, "bob": 1, "eve": 1}}


def test_by_majority_the_answer_keeps_its_place(path: Path | None) -> None:
    labeled = told("majority", path, ann=0, bob=1)
    labeled.add([7], [2])
    labeled.add([4], [1], annotator="eve")
    assert answers_of(labeled) == {1: 2, 4: 1, 7: 2}
    assert [*answers_of(labeled)] == [1, 4, 7]
    assert labeled.annotators[4] == "bob"


def test_opinions_that_agree_are_no_disagreement_but_count(path: Path | None) -> None:
    labeled = told("majority", path, ann=0, bob=0)
    assert labeled.disagreements == {}
    labeled.add([4], [1], annotator="eve")
    assert answers_of(labeled)[4] == 0


def test_one_call_may_hold_first_and_second_answers(path: Path | None) -> None:
    labeled = told(None, path, ann=0)
    labeled.add([5, 4, 6], [1, 2, UNKNOWN], annotator="bob")
    assert answers_of(labeled) == {1: 2, 4: 0, 5: 1}
    assert labeled.annotators == {1: "ann", 4: "ann", 5: "bob", 6: "bob"}
    assert labeled.disagreements == {4: {"ann": 0, "bob": 2}}


def test_a_refused_call_with_an_opinion_changes_nothing(path: Path | None) -> None:
    labeled = told(None, path, ann=0)
    with pytest.raises(AnswerError, match="Position 1, index 5: label 3"):
        labeled.add([4, 5], [1, 3], annotator="bob")
    assert (len(labeled), labeled.disagreements) == (2, {})


# --- who may say another thing


def test_the_same_annotator_may_not(path: Path | None) -> None:
    labeled = told(None, path, ann=0, bob=1)
    for who, before in (("ann", 0), ("bob", 1)):
        with pytest.raises(AnswerError, match=f"answered {before}, now 2; .* use relabel"):
            labeled.add([4], [2], annotator=who)


def test_nobody_named_may_not(path: Path | None) -> None:
    labeled = told(None, path, ann=0)
    with pytest.raises(AnswerError, match=r"answered 0, now 2; .*annotator= who gives a second"):
        labeled.add([4], [2])


def test_neither_against_an_answer_of_nobody_named(path: Path | None) -> None:
    labeled = LabeledSet(10, CLASSES, path)
    labeled.add([4], [0])
    with pytest.raises(AnswerError, match="answered 0, now 2"):
        labeled.add([4], [2], annotator="bob")
    labeled.add([4], [0], annotator="bob")
    assert labeled.annotators == {}


# --- to be asked again


def test_a_disputed_item_counts_as_unanswered(path: Path | None) -> None:
    labeled = told("ask", path, ann=0, bob=1)
    assert answers_of(labeled) == {1: 2}
    assert labeled.disputed_indices.tolist() == [4]
    assert 4 in labeled.unlabeled_indices
    assert len(labeled) == 1
    assert repr(labeled).endswith("1 disputed)")


def test_one_more_opinion_settles_it(path: Path | None) -> None:
    labeled = told("ask", path, ann=0, bob=1, eve=1)
    assert answers_of(labeled) == {1: 2, 4: 1}
    assert labeled.disputed_indices.tolist() == []


def test_relabel_settles_it(path: Path | None) -> None:
    labeled = told("ask", path, ann=0, bob=1)
    labeled.relabel([4], [0], annotator="ann")
    assert (answers_of(labeled)[4], labeled.disagreements) == (0, {})


def test_in_the_open_round_it_is_pending_again(path: Path | None) -> None:
    labeled = LabeledSet(10, CLASSES, path, policy="ask")
    labeled.begin_round(SimpleNamespace(indices=[4, 5]))
    labeled.add([4], [0], annotator="ann")
    labeled.add([4], [1], annotator="bob")
    assert labeled.pending_indices.tolist() == [4, 5]
    labeled.add([4], [1], annotator="eve")
    assert labeled.pending_indices.tolist() == [5]


def test_after_its_round_it_may_be_asked_about_in_a_new_one(path: Path | None) -> None:
    labeled = LabeledSet(10, CLASSES, path, policy="ask")
    labeled.begin_round(SimpleNamespace(indices=[4]))
    labeled.add([4], [0], annotator="ann")
    labeled.add([4], [1], annotator="bob")
    assert labeled.pending_indices.tolist() == []  # a complete round stays complete
    labeled.begin_round(SimpleNamespace(indices=labeled.disputed_indices))
    labeled.add([4], [0], annotator="eve")
    assert [round_.labels.tolist() for round_ in labeled.history] == [[-3], [0]]


def test_nobody_named_does_not_settle_it(path: Path | None) -> None:
    labeled = told("ask", path, ann=0, bob=1)
    for label in (0, 1, 2):
        with pytest.raises(AnswerError, match="use relabel, or say with annotator="):
            labeled.add([4], [label])


# --- taking back


def test_an_annotator_takes_back_their_own(path: Path | None) -> None:
    labeled = told("ask", path, ann=0, bob=1)
    labeled.retract([4], annotator="bob")
    assert (answers_of(labeled)[4], labeled.annotators[4]) == (0, "ann")
    labeled.retract([4], annotator="ann")
    assert 4 in labeled.unlabeled_indices
    with pytest.raises(AnswerError, match="index 4: it has no answer of 'ann'"):
        labeled.retract([4], annotator="ann")


def test_the_first_answer_taken_back_leaves_the_second(path: Path | None) -> None:
    labeled = told(None, path, ann=0, bob=1)
    labeled.retract([4], annotator="ann")
    assert (answers_of(labeled)[4], labeled.annotators[4]) == (1, "bob")


def test_retract_takes_back_all(path: Path | None) -> None:
    labeled = told("ask", path, ann=0, bob=1)
    labeled.retract([4])
    assert (labeled.disagreements, labeled.disputed_indices.tolist()) == ({}, [])
    labeled.add([4], [2])
    assert answers_of(labeled)[4] == 2


# --- the policy


def test_another_policy_judges_anew(path: Path | None) -> None:
    labeled = told("first", path, ann=0, bob=1, eve=1, joe=0)
    labeled.set_policy("ask")
    assert labeled.disputed_indices.tolist() == [4]
    labeled.set_policy("majority")
    assert (answers_of(labeled)[4], labeled.disputed_indices.tolist()) == (0, [])


@walked
@pytest.mark.parametrize("policy", ["last", "", None, 1, ["ask"]])
def test_a_policy_that_cannot_be(policy: Any) -> None:
    with pytest.raises(ArgumentError, match="policy must be one of first, majority, ask"):
        LabeledSet(10, CLASSES).set_policy(policy)


def test_the_policy_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    told("majority", path, ann=0, bob=1, eve=1)
    labeled = LabeledSet(10, CLASSES, path)
    assert (labeled.policy, answers_of(labeled)[4]) == ("majority", 1)
    with pytest.raises(LedgerError, match=r"policy 'majority', asked for was 'ask'; set_policy"):
        LabeledSet(10, CLASSES, path, policy="ask")


# --- the file


def test_it_is_of_the_newer_schema_once_somebody_gives_a_second_opinion(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    told(None, path, ann=0)
    assert schema(path) == 1
    LabeledSet(10, CLASSES, path).add([4], [1], annotator="bob")
    assert schema(path) == 3


@pytest.mark.parametrize(
    "kind, labels, annotator, message",
    [
        ("answer", "[2]", "eve", "it was answered 0, now 2"),
        ("opinion", "[2]", None, "it is no second opinion"),
        ("opinion", "[0]", "ann", "it is no second opinion"),
        ("opinion", "[3]", "eve", "label 3"),
        ("withdraw", "[]", "eve", "no answer of 'eve'"),
        ("withdraw", "[]", None, "no answer of None"),
        ("policy", '["last"]', None, "policy must be"),
        ("policy", "[]", None, "policy must be"),
        ("size", '["9"]', None, "no whole number"),
        ("size", '["x"]', None, "no whole number"),
        ("keys", '["10"]', None, "no mark"),
        ("keys", '["10", "0", "a"]', None, "no whole number"),
        ("keys", '["11", "11", "a"]', None, "mark of 11 items in 10"),
        ("keys", '["10", "1", "a"]', None, "mark of 10 items"),
    ],
)
def test_a_forged_event_is_refused(
    tmp_path: Path, kind: str, labels: str, annotator: str | None, message: str
) -> None:
    path = tmp_path / "answers.db"
    told(None, path, ann=0, bob=1)
    forge(path, kind, "[]" if kind in _format.SETTINGS else "[4]", labels, annotator)
    for read in (lambda: LabeledSet(10, CLASSES, path), lambda: read_whole(path)):
        with pytest.raises(LedgerError, match=f"contradicts itself: .*{message}"):
            read()


def test_an_export_tells_who_said_what(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    labeled = told("ask", path, ann=0, bob=1)
    labeled.add([1], [0], annotator="bob")
    labeled.add([1], [2], annotator="eve")
    report = read_whole(path)
    assert "2 disagreements, 1 of them to be asked again" in report.summary()
    value = json.loads(as_json(report))
    assert value["disagreements"][0] == {"index": 4, "opinions": {"ann": "cat", "bob": "dog"}}
    assert (value["policy"], value["disputed"]) == ("ask", [4])
    (row,) = csv.DictReader(StringIO(as_csv(report).decode("utf-8-sig")))
    assert json.loads(row["opinions"]) == {"ann": "owl", "bob": "cat", "eve": "owl"}


def test_the_time_is_that_of_the_opinion_which_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    labeled = told("majority", tmp_path / "answers.db", ann=0, bob=1)
    monkeypatch.setattr(time, "strftime", lambda *_: "late")
    labeled.add([4], [1], annotator="eve")
    assert read_whole(tmp_path / "answers.db").times[4] == "late"
