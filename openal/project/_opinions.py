"""Answers of several people to a project's questions, as Label Studio exports them."""

from collections.abc import Iterable, Mapping
from copy import copy
from pathlib import Path
from typing import Any

from openal._files import plain_json
from openal.errors import AnswerError, ArgumentError
from openal.integrations.label_studio import Imported, answers
from openal.project._asked import CHECKSUM, note_answered, of_cell, sums_of_answers
from openal.project.answer_table import answers_of, listed, names_of
from openal.project.project import Project

__all__ = ["read_opinions", "record_opinions"]


def read_opinions(path: Path, project: Project) -> tuple[Imported, dict[int, str]]:
    """What annotators said in a JSON export of Label Studio, each annotation and what it became.

    Beside it are the checksums of the images that were asked, by index, as far as tasks have them.
    """
    try:
        content = plain_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{path} cannot be read as JSON: {error!s:.100}.") from error
    imported = answers(content, project.classes, keys=project.keys)
    tasks = content if isinstance(content, list) else [content]
    return imported, _sums([task["data"] for task in tasks], project)


def _sums(tasks: Iterable[Mapping[str, Any]], project: Project) -> dict[int, str]:
    cells = {f"{data.get('openal_key')}": of_cell(f"{data.get(CHECKSUM)}") for data in tasks}
    found = ((project.keys.index_of(key), digest) for key, digest in cells.items())
    return {at: digest for at, digest in found if at is not None and digest is not None}


def record_opinions(
    project: Project, imported: Imported, policy: str | None, sums: Mapping[int, str]
) -> None:
    """Note all opinions in the project's ledger, and about which bytes they are.

    Where annotators disagree `policy` must say which answer counts: "first", "majority" or "ask".
    An AnswerError lists them where it does not, and nothing is recorded.
    """
    labeled = project.labeled()
    apart = imported.disagreements
    if apart and policy is None:
        raise AnswerError(_differing(apart))
    imported.add_to(copy(labeled))  # in memory: where it fails nothing is recorded
    if policy is not None:
        labeled.set_policy(policy)
    about = sums_of_answers(project, sums, _indices(imported, project), answers_of(labeled))
    imported.add_to(labeled)
    _note(project, imported, about)


def _indices(imported: Imported, project: Project) -> list[int]:
    found = (project.keys.index_of(key) for key, _, _ in imported.answers)
    return [index for index in found if index is not None]


def _note(project: Project, imported: Imported, about: Mapping[int, str]) -> None:
    """Note about which bytes the answers are, one annotator's after another's."""
    labels = {name: label for label, name in names_of(project.classes).items()}
    said: dict[str, dict[int, tuple[int, str]]] = {}
    places = zip(_indices(imported, project), imported.answers, strict=True)
    for index, (_, name, annotator) in places:
        if index in about:
            said.setdefault(annotator, {})[index] = labels[name], about[index]
    for answers_of_one in said.values():
        note_answered(project, answers_of_one)


def _differing(apart: dict[str, dict[str, str]]) -> str:
    lines = [
        f"  {ascii(file)[1:-1]}: {', '.join(f'{who} {said}' for who, said in by.items())}"
        for file, by in apart.items()
    ]
    head = (
        f"annotators disagree about {len(lines)} of the images; nothing was recorded. --policy "
        f"majority takes what most say, --policy ask asks again, --policy first takes the first:"
    )
    return "\n".join([head, *listed(lines)])
