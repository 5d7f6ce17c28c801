"""Answers of several people to a project's questions, as Label Studio exports them."""

from copy import copy
from pathlib import Path

from openal._files import plain_json
from openal.errors import AnswerError, ArgumentError
from openal.integrations.label_studio import Imported, answers
from openal.project.answer_table import listed
from openal.project.project import Project

__all__ = ["read_opinions", "record_opinions"]


def read_opinions(path: Path, project: Project) -> Imported:
    """What annotators said in a JSON export of Label Studio, each annotation and what it became."""
    try:
        content = plain_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{path} cannot be read as JSON: {error!s:.100}.") from error
    return answers(content, project.classes, keys=project.keys)


def record_opinions(project: Project, imported: Imported, policy: str | None) -> None:
    """Note all opinions in the project's ledger.

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
    imported.add_to(labeled)


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
