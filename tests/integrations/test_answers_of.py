"""Answers as CVAT, COCO, FiftyOne and YOLO take them."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from openal.errors import ArgumentError
from openal.integrations import coco, cvat, fiftyone, yolo
from tests.walking import walked

CLASSES = ["cat", "dog & co"]
ANSWERS = {"a.jpg": "dog & co", "b/c.png": "UNKNOWN", "d.jpg": "SKIPPED", "ä ö.jpg": "cat"}
KNOWN = {"a.jpg": "dog & co"}
SIZES = {"a.jpg": (640, 480)}
WRITERS: dict[str, Callable[..., Any]] = {
    "coco": coco.classification_dataset,
    "cvat": cvat.image_tags,
    "fiftyone": fiftyone.classification_dataset,
    "yolo": yolo.classification_lists,
}


def test_fiftyone_reads_stems_and_numbers() -> None:
    made = json.loads(json.dumps(fiftyone.classification_dataset(ANSWERS, CLASSES)))
    assert made["classes"] == ["cat", "dog & co", "UNKNOWN"]
    assert made["labels"] == {"a": 1, "b/c": 2, "d": None, "ä ö": 0}


def test_fiftyone_could_not_tell_two_endings_apart() -> None:
    with pytest.raises(ArgumentError, match=r"'a.png' and another file are both 'a'"):
        fiftyone.classification_dataset({"a.jpg": "cat", "a.png": "cat"}, CLASSES)


def test_coco_has_an_annotation_for_each_answer_with_a_class() -> None:
    made = json.loads(json.dumps(coco.classification_dataset(ANSWERS, CLASSES, SIZES)))
    files = {image["id"]: image["file_name"] for image in made["images"]}
    names = {category["id"]: category["name"] for category in made["categories"]}
    told = {files[a["image_id"]]: names[a["category_id"]] for a in made["annotations"]}
    assert told == {"a.jpg": "dog & co", "b/c.png": "UNKNOWN", "ä ö.jpg": "cat"}
    assert [*files.values()] == [*ANSWERS]
    assert made["images"][0] == {"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}
    assert (made["annotations"][0]["bbox"], made["annotations"][0]["area"]) == (
        [0, 0, 640, 480],
        640 * 480,
    )
    assert len({a["id"] for a in made["annotations"]}) == 3


def test_cvat_has_a_tag_for_each_answer_with_a_class() -> None:
    text = cvat.image_tags(ANSWERS, CLASSES, SIZES, task="round 1")
    root = ElementTree.fromstring(text.encode())  # noqa: S314
    assert root.findtext("version") == "1.1"
    labels = [label.findtext("name") for label in root.iterfind("meta/task/labels/label")]
    assert labels == ["cat", "dog & co", "UNKNOWN"]
    told = {
        image.get("name"): [tag.get("label") for tag in image.iter("tag")]
        for image in root.iter("image")
    }
    assert told == {
        "a.jpg": ["dog & co"],
        "b/c.png": ["UNKNOWN"],
        "d.jpg": [],
        "ä ö.jpg": ["cat"],
    }
    assert root.find("image").attrib == {  # type: ignore[union-attr]
        "id": "0",
        "name": "a.jpg",
        "width": "640",
        "height": "480",
    }


def test_yolo_has_a_line_for_each_answer_with_a_class() -> None:
    made = yolo.classification_lists(ANSWERS, CLASSES)
    assert made["names.txt"].splitlines() == ["cat", "dog & co", "UNKNOWN"]
    lines = [line.rsplit(" ", 1) for line in made["images.txt"].splitlines()]
    assert lines == [["a.jpg", "1"], ["b/c.png", "2"], ["ä ö.jpg", "0"]]


@walked
@pytest.mark.parametrize("tool", WRITERS)
def test_an_answer_that_is_no_class_is_refused(tool: str) -> None:
    with pytest.raises(ArgumentError, match=r"The answer of 'a.jpg' is 'owl', which is no class"):
        WRITERS[tool]({"a.jpg": "owl"}, CLASSES)


@walked
@pytest.mark.parametrize("tool", WRITERS)
def test_without_an_unknown_there_is_no_class_for_it(tool: str) -> None:
    assert "UNKNOWN" not in str(WRITERS[tool](KNOWN, CLASSES))


@walked
@pytest.mark.parametrize(
    "tool, name", [("cvat", "a\0.jpg"), ("cvat", "caf\udce9.jpg"), ("yolo", "a\nb.jpg")]
)
def test_names_that_a_format_cannot_hold_are_refused(tool: str, name: str) -> None:
    with pytest.raises(ArgumentError, match="The name"):
        WRITERS[tool]({name: "cat"}, CLASSES)
