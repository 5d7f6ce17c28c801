"""The answers and the open round of a project in the files of other tools."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import quote

from PIL import Image

from openal.errors import AnswerError
from openal.integrations import coco, cvat, fiftyone, label_studio
from openal.project._asked import CHECKSUM, as_cell, image_sums
from openal.project._exports import Answer
from openal.project._round import open_round
from openal.project.project import Project

__all__ = ["TOOLS"]


def _coco(project: Project, answers: Sequence[Answer]) -> str:
    return _json(
        coco.classification_dataset(_said(answers), project.classes, _sizes(project, answers))
    )


def _cvat(project: Project, answers: Sequence[Answer]) -> str:
    sizes = _sizes(project, answers)
    return cvat.image_tags(_said(answers), project.classes, sizes, task=project.folder.name)


def _fiftyone(project: Project, answers: Sequence[Answer]) -> str:
    return _json(fiftyone.classification_dataset(_said(answers), project.classes))


def _label_studio(project: Project, _: Sequence[Answer]) -> str:
    """What the open round waits for, as tasks; their images are local files of Label Studio."""
    labeled = project.labeled()
    if not len(labeled.pending_indices):
        raise AnswerError("no round is open, so there is no task: type openal query first.")
    names = dict(zip(project.keys, project.names, strict=True))
    query = open_round(labeled)
    tasks = label_studio.tasks(
        query, project.keys, address=lambda key: f"/data/local-files/?d={quote(names[key])}"
    )
    sums = image_sums(project, query)
    for task, index in zip(tasks, query, strict=True):
        task["data"][CHECKSUM] = as_cell(sums.get(index))
    return _json(tasks)


def _label_studio_configuration(project: Project, _: Sequence[Answer]) -> str:
    return label_studio.configuration(project.classes) + "\n"


TOOLS: dict[str, Callable[[Project, Sequence[Answer]], str]] = {
    "coco": _coco,
    "cvat": _cvat,
    "fiftyone": _fiftyone,
    "label-studio": _label_studio,
    "label-studio-config": _label_studio_configuration,
}
"""The text of each tool's file: the answers; of Label Studio the open round, and its interface."""


def _said(answers: Sequence[Answer]) -> dict[str, str]:
    return {answer.file: answer.name for answer in answers}


def _sizes(project: Project, answers: Sequence[Answer]) -> dict[str, tuple[int, int]]:
    """Width and height of the images that can be opened."""
    sizes = {}
    for answer in answers:
        with suppress(OSError, ValueError), Image.open(project.path_of(answer.at)) as image:
            sizes[answer.file] = image.size
    return sizes


def _json(content: object) -> str:
    return json.dumps(content, indent=1) + "\n"
