"""`openal import`: takes answers from a table into the project, all of them or none."""

from collections.abc import Sequence
from pathlib import Path

from openal.commands._parser import Parser
from openal.commands._say import counted, plural, say
from openal.errors import AnswerError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.project import AnswerTable, Project, read_answers
from openal.project.answer_table import answers_of, record

__all__ = ["main", "parser"]

LISTED = 10


def parser() -> Parser:
    """The arguments of `openal import`."""
    parser = Parser(
        "openal import",
        description="Take answers into the project: a CSV with the columns file and class. A class "
        "is written as in openal.toml; UNKNOWN is none of the classes, SKIPPED cannot tell. Rows "
        "without a class are passed over.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("table", type=Path, metavar="FILE", help="the table, as openal query --out or Excel write")
    add("--relabel", action="store_true", help="answers that differ replace those that are there")
    add("--annotator", metavar="NAME", help="who answered")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run the command; an AnswerError, and nothing recorded, where a row cannot be."""
    given = parser().parse_args(argv)
    project = Project.find()
    answers = read_answers(given.table, project)
    labeled = project.labeled()
    changed, new = answers.changed(labeled), answers.new(labeled)
    if changed.indices and not given.relabel:
        raise AnswerError(_differing(project, labeled, changed))
    record(labeled, answers, relabel=given.relabel, annotator=given.annotator)
    say(_about(project, answers, new, changed))
    say(_next(labeled))
    return 0


def _about(
    project: Project, answers: AnswerTable, new: AnswerTable, changed: AnswerTable
) -> list[str]:
    counts = new.counts(project.classes)
    lines = [f"{plural(len(new.indices), 'new answer')}{': ' if counts else ''}"]
    lines[0] += f"{counted(counts.items())}."
    if changed.indices:
        lines += [f"{plural(len(changed.indices), 'answer')} replaced."]
    there = len(answers.indices) - len(new.indices) - len(changed.indices)
    lines += [f"{plural(there, 'answer')} there already."] if there else []
    lines += [f"{plural(answers.empty, 'row')} without a class passed over."] * bool(answers.empty)
    return lines


def _differing(project: Project, labeled: LabeledSet, changed: AnswerTable) -> str:
    names = {**dict(enumerate(project.classes)), UNKNOWN: "UNKNOWN", SKIPPED: "SKIPPED"}
    before, pairs = answers_of(labeled), zip(changed.indices, changed.labels, strict=True)
    lines = [
        f"  {ascii(project.names[index])[1:-1]}: {names[before[index]]}, now {names[label]}"
        for index, label in pairs
    ]
    more = [f"  and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return "\n".join(
        [
            f"{plural(len(lines), 'answer')} differ from what is there; nothing was recorded. "
            f"--relabel takes the new ones:",
            *lines[:LISTED],
            *more,
        ]
    )


def _next(labeled: LabeledSet) -> list[str]:
    pending = len(labeled.pending_indices)
    if pending:
        return [
            f"The round still waits for {plural(pending, 'answer')}.",
            "Next: openal query, which shows them",
        ]
    return ["Next: openal query, or openal status"]
