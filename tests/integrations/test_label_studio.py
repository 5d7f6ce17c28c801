"""Label Studio: what it imports, and what it exports, with the fields that it documents."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.integrations.label_studio import answers, configuration, tasks
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.strategies import NEAT, Random
from tests.walking import walked

CLASSES = ["cat", "dog"]
KEYS = ["a.jpg", "folder/b c.jpg", "d.jpg"]


def annotation(choice: Any, by: Any = 1, **more: Any) -> dict[str, Any]:
    """One as Label Studio exports it."""
    value = {"choices": choice if isinstance(choice, list) else [choice]}
    region = {
        "id": "Dx_aB91ISN",
        "from_name": "choice",
        "to_name": "image",
        "type": "choices",
        "origin": "manual",
        "value": value,
    }
    return {
        "id": 1001,
        "completed_by": by,
        "result": [] if choice is None else [region],
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2021-03-09T22:16:08.728353Z",
        "updated_at": "2021-03-09T22:16:08.728378Z",
        "lead_time": 4.288,
        **more,
    }


def task(number: int, key: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number,
        "data": {"image": f"/data/local-files/?d={key}", "openal_key": key},
        "annotations": [*annotations],
        "predictions": [],
        "project": 83,
    }


# --- what it imports


def test_a_query_is_tasks_with_its_keys_and_scores() -> None:
    pool = Pool(embeddings=np.random.default_rng(0).standard_normal((3, 4)), keys=KEYS)
    query = Random().query(pool, LabeledSet(3, CLASSES), 2, seed=0)
    made = tasks(query, address="/data/local-files/?d=photos/")
    assert [each["data"]["openal_index"] for each in made] == query.indices.tolist()
    for each in made:
        data = each["data"]
        assert data["openal_key"] == KEYS[data["openal_index"]]
        assert data["image"].startswith("/data/local-files/?d=photos/")
        assert " " not in data["image"]
    assert json.loads(json.dumps(made)) == made


def test_scores_of_a_query_can_be_sorted_by() -> None:
    random = np.random.default_rng(0)
    pool = Pool(embeddings=random.standard_normal((9, 4)), logits=random.standard_normal((9, 2)))
    labeled = LabeledSet(9, CLASSES)
    labeled.add([0, 1], [0, 1])
    query = NEAT(k=1).query(pool, labeled, 2, seed=0)
    data = tasks(query, [*map(str, range(9))])[0]["data"]
    assert {*data} == {"image", "openal_index", "openal_key", "purity", "informativeness"}


def test_predictions_have_a_score_and_a_version() -> None:
    first, second = tasks([0, 2], KEYS, predictions=[("cat", 0.75), None], model_version="head 2")
    (prediction,) = first["predictions"]
    assert (prediction["score"], prediction["model_version"]) == (0.75, "head 2")
    assert prediction["result"][0]["value"] == {"choices": ["cat"]}
    assert "predictions" not in second


@walked
@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"query": [0]}, "keys must name the items"),
        ({"query": [0, 1], "keys": KEYS, "predictions": [None]}, "one per item, 2 here, got 1"),
    ],
)
def test_tasks_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        tasks(**arguments)


def test_the_configuration_fits_the_predictions() -> None:
    (made,) = tasks([0], KEYS, predictions=[("cat", 0.75)])
    result = made["predictions"][0]["result"][0]
    view = ElementTree.fromstring(configuration(CLASSES))  # noqa: S314
    (choices,) = view.findall("Choices")
    assert choices.get("name") == result["from_name"]
    assert choices.get("toName") == result["to_name"] == view.findall("Image")[0].get("name")
    assert view.findall("Image")[0].get("value") == "$image"
    assert "image" in made["data"]


def test_the_configuration_has_two_choices_more() -> None:
    names = ["<\"&'>", "größer"]
    choices = ElementTree.fromstring(configuration(names)).iter("Choice")  # noqa: S314
    assert [each.get("value") for each in choices] == [*names, "none of these", "cannot tell"]


@walked
@pytest.mark.parametrize("classes", [["cat", "cannot tell"], ["a\0"], ["\udce9"]])
def test_classes_that_cannot_be_choices(classes: list[str]) -> None:
    with pytest.raises(ArgumentError):
        configuration(classes)


# --- what it exports


def test_what_was_said_and_what_it_became() -> None:
    export = [
        task(1, "a.jpg", annotation("cat")),
        task(2, "b.jpg", annotation("none of these")),
        task(3, "c.jpg", annotation("cannot tell")),
        task(4, "d.jpg", annotation(None, was_cancelled=True)),
        task(5, "e.jpg", annotation(None)),
        task(6, "f.jpg", annotation(["cat", "dog"])),
        task(7, "g.jpg", annotation("owl")),
        task(8, "h.jpg"),
    ]
    imported = answers(json.loads(json.dumps(export)), CLASSES)
    assert [(row.key, row.said, row.became, row.why) for row in imported.rows] == [
        ("a.jpg", "cat", "cat", ""),
        ("b.jpg", "none of these", "UNKNOWN", ""),
        ("c.jpg", "cannot tell", "SKIPPED", ""),
        ("d.jpg", "cancelled", "SKIPPED", "was_cancelled"),
        ("e.jpg", "", None, "no choice"),
        ("f.jpg", "cat, dog", None, "2 choices"),
        ("g.jpg", "owl", None, "no class of this name"),
    ]
    assert imported.answers[0] == ("a.jpg", "cat", "1")
    assert imported.table().splitlines()[-1].split() == [
        *("7", "g.jpg", "1", "owl", "no", "answer", "no", "class", "of", "this", "name")
    ]


def test_a_cancelled_annotation_may_be_no_answer() -> None:
    export = [task(1, "a.jpg", annotation("cat", was_cancelled=True))]
    assert answers(export, CLASSES, cancelled=None).answers == ()


def test_annotators_who_disagree_are_listed_and_none_is_settled() -> None:
    by = {"id": 5, "email": "eve@example.com", "first_name": "Eve"}
    export = [
        task(1, "a.jpg", annotation("cat", 1), annotation("dog", 2), annotation("cat", by)),
        task(2, "d.jpg", annotation("dog", 1), annotation("dog", 2)),
    ]
    imported = answers(export, CLASSES)
    assert imported.disagreements == {"a.jpg": {"1": "cat", "2": "dog", "eve@example.com": "cat"}}
    assert len(imported.answers) == 5


def test_of_one_annotator_the_latest_counts() -> None:
    late, early = {"updated_at": "2022-01-01T00:00:00Z"}, {"updated_at": "2021-01-01T00:00:00Z"}
    export = [task(1, "a.jpg", annotation("cat", **late), annotation("dog", **early))]
    rows = answers(export, CLASSES).rows
    assert [(row.said, row.became) for row in rows] == [("cat", "cat"), ("dog", None)]
    assert rows[1].why == "a later one of the same annotator counts"


@walked
@pytest.mark.parametrize(
    "image, key",
    [
        ("a.jpg", "a.jpg"),
        ("/data/local-files/?d=photos/folder/b%20c.jpg", "folder/b c.jpg"),
        ("https://example.com/x/folder/b%20c.jpg", "folder/b c.jpg"),
        ("/data/upload/83/1a2b3c4d-d.jpg", "d.jpg"),
        ("s3://bucket/a.jpg", "a.jpg"),
        ("/data/upload/83/other.jpg", None),
        (7, None),
    ],
)
def test_an_item_is_found_by_the_address_of_its_image(image: Any, key: str | None) -> None:
    export = [{"id": 1, "data": {"image": image}, "annotations": [annotation("cat")]}]
    (row,) = answers(export, CLASSES, keys=KEYS).rows
    assert row.key == key
    assert row.became == (None if key is None else "cat")


def test_an_export_of_before_version_1() -> None:
    old = {"id": 1, "data": {"image": "a.jpg"}, "completions": [annotation("cat")]}
    assert answers([old], CLASSES, keys=KEYS).answers == (("a.jpg", "cat", "1"),)


@walked
@pytest.mark.parametrize("export", ["[]", 7, None, [7], [{"image": "a.jpg", "choice": "cat"}]])
def test_what_is_no_export_is_refused(export: Any) -> None:
    with pytest.raises(ArgumentError, match="export"):
        answers(export, CLASSES)


@walked
@pytest.mark.parametrize(
    "broken",
    [
        {"result": None},
        {"result": [None, 7, {"type": "choices"}]},
        {"result": [{"type": "choices", "value": {"choices": "cat"}}]},
        {"completed_by": {}, "result": []},
        {"completed_by": "\0", "result": []},
    ],
)
def test_a_broken_annotation_is_no_answer(broken: dict[str, Any]) -> None:
    (row,) = answers([task(1, "a.jpg", annotation("cat", **broken))], CLASSES).rows
    assert (row.became, row.why) == (None, "no choice")


def test_answers_go_into_a_ledger_with_their_annotators(tmp_path: Path) -> None:
    labeled = LabeledSet(3, CLASSES, tmp_path / "answers.db", keys=KEYS, policy="ask")
    export = [
        task(1, "a.jpg", annotation("cat", 1), annotation("dog", 2)),
        task(2, "d.jpg", annotation("none of these", 2)),
    ]
    answers(export, CLASSES, keys=KEYS).add_to(labeled)
    assert labeled.disagreements == {0: {"1": 0, "2": 1}}
    assert (labeled.unknown_indices.tolist(), labeled.annotators) == ([2], {2: "2"})
