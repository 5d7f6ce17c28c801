"""The files of other tools: those of the answers, and the open round as tasks."""

import json
import re
from pathlib import Path

import pytest

from openal.errors import AnswerError
from openal.project import Project
from openal.project._exports import exported_answers
from openal.project._tool_files import TOOLS
from tests.project.made import embedded_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = embedded_project(tmp_path)
    project.labeled().add([5, 1, 2, 3], [0, 1, -1, -2], annotator="ada")
    return project


def written(tool: str, project: Project) -> str:
    return TOOLS[tool](project, exported_answers(project))


def test_coco_has_an_annotation_for_each_image_of_a_class(project: Project) -> None:
    content = json.loads(written("coco", project))
    images = {image["id"]: image for image in content["images"]}
    names = {category["id"]: category["name"] for category in content["categories"]}
    pairs = [
        (images[one["image_id"]]["file_name"], names[one["category_id"]])
        for one in content["annotations"]
    ]
    assert pairs == [("005.png", "zero"), ("001.png", "one"), ("002.png", "UNKNOWN")]
    assert {(image["width"], image["height"]) for image in images.values()} == {(8, 8)}


def test_cvat_and_fiftyone_have_the_answers_by_name(project: Project) -> None:
    image = r'<image id="\d+" name="(.*?)".*?(?:/>|>\s*<tag label="(.*?)")'
    images = re.findall(image, written("cvat", project))
    assert images[1:] == [("001.png", "one"), ("002.png", "UNKNOWN"), ("003.png", "")]
    content = json.loads(written("fiftyone", project))
    assert content["labels"] == {"005": 0, "001": 1, "002": 3, "003": None}


def test_label_studio_has_the_open_round_as_tasks(project: Project) -> None:
    with pytest.raises(AnswerError, match="no round is open"):
        written("label-studio", project)
    query = project.query(4)
    tasks = json.loads(written("label-studio", project))
    assert [task["data"]["openal_key"] for task in tasks] == [*query.keys]
    assert tasks[0]["data"]["image"] == f"/data/local-files/?d={query.keys[0]}"
    assert '<Choice value="zero" />' in written("label-studio-config", project)
