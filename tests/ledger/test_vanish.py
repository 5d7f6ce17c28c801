"""What must be gone after an answer was changed or withdrawn."""

from collections.abc import Callable
from pathlib import Path

import pytest

from openal import UNKNOWN, LabeledSet

CHANGES: dict[str, Callable[[LabeledSet], None]] = {
    "relabel": lambda labeled: labeled.relabel([0], [1]),
    "retract": lambda labeled: labeled.retract([0]),
    "retract and answer": lambda labeled: (labeled.retract([0]), labeled.add([0], [1]))[-1],
}


@pytest.fixture(params=["memory", "file"])
def labeled(request: pytest.FixtureRequest, tmp_path: Path) -> LabeledSet:
    path = tmp_path / "answers.db" if request.param == "file" else None
    labeled = LabeledSet(5, 2, path=path)
    labeled.add([0, 1], [0, UNKNOWN], annotator="ann")
    return labeled


@pytest.mark.parametrize("change", CHANGES)
def test_who_gave_an_answer_that_is_no_more(change: str, labeled: LabeledSet) -> None:
    CHANGES[change](labeled)
    assert labeled.annotators == {1: "ann"}


@pytest.mark.parametrize("change", CHANGES)
def test_who_gave_an_answer_that_is_no_more_is_not_read_from_the_file(
    change: str, tmp_path: Path
) -> None:
    labeled = LabeledSet(5, 2, path=tmp_path / "again.db")
    labeled.add([0, 1], [0, UNKNOWN], annotator="ann")
    CHANGES[change](labeled)
    assert LabeledSet(5, 2, path=tmp_path / "again.db").annotators == {1: "ann"}


def test_what_others_said_about_an_answer_that_was_changed_or_withdrawn(
    labeled: LabeledSet, tmp_path: Path
) -> None:
    labeled.add([0, 1], [1, 1], annotator="bob")
    assert [*labeled.disagreements] == [0, 1]
    labeled.relabel([0], [0])
    labeled.retract([1])
    sets = [labeled, *([] if labeled.path is None else [LabeledSet(5, 2, labeled.path)])]
    assert [each.disagreements for each in sets] == [{}] * len(sets)
    assert [each.annotators for each in sets] == [{}] * len(sets)


def test_a_withdrawn_answer_is_in_no_list(labeled: LabeledSet) -> None:
    labeled.retract([0, 1])
    lists = (labeled.known_indices, labeled.known_labels, labeled.unknown_indices)
    assert [each.tolist() for each in lists] == [[], [], []]
    assert labeled.counts == {"0": 0, "1": 0, "UNKNOWN": 0, "SKIPPED": 0}
    assert labeled.unlabeled_indices.tolist() == [0, 1, 2, 3, 4]


def test_a_changed_answer_is_in_the_list_of_its_new_kind_alone(labeled: LabeledSet) -> None:
    labeled.relabel([0, 1], [UNKNOWN, 1])
    assert labeled.unknown_indices.tolist() == [0]
    assert (labeled.known_indices.tolist(), labeled.known_labels.tolist()) == ([1], [1])
