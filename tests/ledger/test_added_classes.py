"""A class that is added midway: at the end, in the file too, and no answer moves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openal.errors import AnswerError, ArgumentError, LedgerError
from openal.labeled import UNKNOWN, LabeledSet
from openal.ledger import _format, read_whole
from openal.pool import Pool
from openal.strategies import NEAT
from tests.ledger.forged import forge
from tests.ledger.test_abandon import schema

CLASSES = ["cat", "dog"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    LabeledSet(10, CLASSES, tmp_path / "answers.db").add([3, 4, 5], [0, 1, UNKNOWN])
    return tmp_path / "answers.db"


@pytest.fixture(params=["memory", "disk"])
def labeled(request: pytest.FixtureRequest, tmp_path: Path) -> LabeledSet:
    path = tmp_path / "answers.db" if request.param == "disk" else None
    labeled = LabeledSet(10, CLASSES, path)
    labeled.add([3, 4, 5], [0, 1, UNKNOWN])
    return labeled


def test_it_has_the_next_number(labeled: LabeledSet) -> None:
    assert labeled.add_class("owl") == 2
    assert (labeled.classes, labeled.num_classes) == (("cat", "dog", "owl"), 3)
    labeled.add([6, 7], ["owl", 2])
    assert labeled.counts == {"cat": 1, "dog": 1, "owl": 2, "UNKNOWN": 1, "SKIPPED": 0}


def test_answers_given_before_stay(labeled: LabeledSet) -> None:
    labeled.add_class("owl")
    assert labeled.answers()[1].tolist() == [0, 1, 3]  # the unknown one is of class K
    assert labeled.unknown_indices.tolist() == [5]


def test_one_that_is_there_stays_where_it_is(labeled: LabeledSet) -> None:
    assert labeled.add_class("cat") == 0
    assert labeled.classes == ("cat", "dog")


@pytest.mark.parametrize("name", ["UNKNOWN", "SKIPPED", "", " ", 7, None, ["owl"]])
def test_a_name_that_cannot_be(labeled: LabeledSet, name: Any) -> None:
    with pytest.raises(ArgumentError, match="classes"):
        labeled.add_class(name)
    assert labeled.classes == ("cat", "dog")


def test_it_is_on_disk_and_seen_by_others(path: Path) -> None:
    other = LabeledSet(10, CLASSES, path)
    LabeledSet(10, CLASSES, path).add_class("owl")
    assert other.classes == ("cat", "dog")
    other.refresh()
    assert other.classes == ("cat", "dog", "owl")
    assert read_whole(path).answers.classes == ("cat", "dog", "owl")


def test_a_name_that_another_process_added_is_known_when_it_is_answered(path: Path) -> None:
    other = LabeledSet(10, CLASSES, path)
    LabeledSet(10, CLASSES, path).add_class("owl")
    other.add([7], ["owl"])
    assert other.known_labels.tolist() == [0, 1, 2]


def test_two_that_add_the_same_agree_and_two_names_have_two_numbers(path: Path) -> None:
    first, second = LabeledSet(10, CLASSES, path), LabeledSet(10, CLASSES, path)
    assert [first.add_class("owl"), second.add_class("owl"), second.add_class("fox")] == [2, 2, 3]
    first.refresh()
    assert first.classes == second.classes == ("cat", "dog", "owl", "fox")


def test_an_older_openal_refuses_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert schema(path) == 1
    LabeledSet(10, CLASSES, path).add_class("owl")
    assert schema(path) == 3
    monkeypatch.setattr(_format, "SCHEMAS", (1, 2))
    with pytest.raises(LedgerError, match=r"has schema 3; this openal reads 1 and 2\. Upgrade"):
        LabeledSet(10, [*CLASSES, "owl"], path)


def test_a_later_event_of_an_older_kind_does_not_lower_the_schema(path: Path) -> None:
    labeled = LabeledSet(10, CLASSES, path)
    labeled.add_class("owl")
    labeled.begin_round(type("Query", (), {"indices": [7]}))
    labeled.abandon_round()
    assert schema(path) == 3


def test_a_list_with_names_at_the_end_opens_the_file(path: Path) -> None:
    longer = [*CLASSES, "owl", "fox"]
    assert LabeledSet(10, longer, path).classes == tuple(longer)
    assert LabeledSet(10, longer, path).known_labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    "classes, message",
    [
        (["cat", "dog"], "class 2, 'owl' in the file and not there in what was asked for"),
        (["cat", "owl", "dog"], "class 1, 'dog' in the file and 'owl' in what was asked for"),
        (["cow", "dog", "owl", "fox"], "class 0, 'cat' in the file and 'cow'"),
    ],
)
def test_a_shorter_list_or_another_order_is_refused(
    path: Path, classes: list[str], message: str
) -> None:
    LabeledSet(10, CLASSES, path).add_class("owl")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=message):
        LabeledSet(10, classes, path)
    assert path.read_bytes() == before


def test_before_it_is_added_its_number_is_refused(labeled: LabeledSet) -> None:
    with pytest.raises(AnswerError, match="label 2 is not one of"):
        labeled.add([7], [2])
    labeled.add_class("owl")
    labeled.add([7], [2])


def test_a_file_with_a_class_twice_contradicts_itself(path: Path) -> None:
    forge(path, "classes", "[]", '["dog"]', None)
    with pytest.raises(LedgerError, match=r"contradicts itself: classes.*already"):
        LabeledSet(10, CLASSES, path)
    with pytest.raises(LedgerError, match="contradicts itself"):
        read_whole(path)


def test_a_copy_has_it(labeled: LabeledSet) -> None:
    import copy

    labeled.add_class("owl")
    labeled.add([7], ["owl"])
    copied = copy.deepcopy(labeled)
    assert (copied.classes, copied.known_labels.tolist()) == (("cat", "dog", "owl"), [0, 1, 2])


def test_a_query_after_it_is_that_of_a_set_that_had_it_at_once() -> None:
    """NEAT remembers neighbors from query to query; their votes are counted with the new K."""
    embeddings = np.random.default_rng(0).standard_normal((60, 8), np.float32)
    logits = np.random.default_rng(1).standard_normal((60, 3), np.float32)
    pool, before = Pool(embeddings=embeddings), LabeledSet(60, CLASSES)
    before.add(range(20), [0, 1] * 8 + [UNKNOWN] * 4)
    NEAT().query(pool.with_signals(logits=logits[:, :2]), before, 5, seed=0)
    before.add_class("owl")
    at_once = LabeledSet(60, [*CLASSES, "owl"])
    at_once.add(range(20), [0, 1] * 8 + [UNKNOWN] * 4)
    for labeled in (before, at_once):
        labeled.add(range(20, 30), [2] * 10)
    told = [
        NEAT().query(pool.with_signals(logits=logits), labeled, 5, seed=0)
        for labeled in (before, at_once)
    ]
    assert told[0].indices.tolist() == told[1].indices.tolist()
    assert told[0].scores is not None and told[1].scores is not None
    assert told[0].scores.tolist() == told[1].scores.tolist()
