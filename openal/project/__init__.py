"""A project: a folder of photos, a few class names, the answers so far, and what to ask next."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.project.answer_table import AnswerTable, read_answers
    from openal.project.head import Head
    from openal.project.project import Project
    from openal.project.reasons import query_reasons
    from openal.project.status import Status, project_status, stop_advice

__all__ = [
    "AnswerTable",
    "Head",
    "Project",
    "Status",
    "project_status",
    "query_reasons",
    "read_answers",
    "stop_advice",
]

lazy_package(__name__)
