"""`openal import`: takes answers from a table into the project, all of them or none."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from openal.commands._say import counted, plural, say
from openal.commands.arguments.import_ import MEANING, parser
from openal.errors import AnswerError, ArgumentError
from openal.labeled import LabeledSet
from openal.project import AnswerTable, Project, read_answers
from openal.project._asked import note_answered, sums_of_answers
from openal.project._opinions import read_opinions, record_opinions
from openal.project.answer_table import answers_of, listed, names_of, record, second_opinions

__all__ = ["main", "parser"]


def main(argv: Sequence[str]) -> int:
    """Run the command; an AnswerError, and nothing recorded, where a row cannot be."""
    given = parser().parse_args(argv)
    project = Project.find()
    lines = _of_several(given, project) if _is_json(given.table) else _of_one(given, project)
    labeled = project.labeled()
    say([*lines, *_disagreements(labeled), *_next(labeled)])
    return 0


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _of_one(given: Namespace, project: Project) -> list[str]:
    """Take the answers of a table; what was taken."""
    answers, labeled = read_answers(given.table, project), project.labeled()
    changed, new = answers.changed(labeled), answers.new(labeled)
    beside = [] if given.relabel else second_opinions(labeled, changed, given.annotator)
    refused = changed.without(beside)
    if refused.indices and not given.relabel:
        raise AnswerError(_differing(project, labeled, refused))
    if given.policy is not None:
        labeled.set_policy(given.policy)
    there = answers.without(new.indices).without(changed.indices).indices
    same = [] if given.relabel else there  # with it they are given anew, as those that differ
    sums = sums_of_answers(project, answers.sums, answers.indices, same)
    record(labeled, answers, relabel=given.relabel, annotator=given.annotator)
    said = dict(zip(answers.indices, answers.labels, strict=True))
    note_answered(project, {index: (said[index], digest) for index, digest in sums.items()})
    lines = _about(project, answers, new, changed.without(beside))
    differ = [f"Answered otherwise by another: {plural(len(beside), 'image')}."]
    return [*lines, *(differ if beside else [])]


def _of_several(given: Namespace, project: Project) -> list[str]:
    """Take what annotators said in Label Studio; what became of each annotation."""
    if given.relabel or given.annotator is not None:
        raise ArgumentError("--relabel and --annotator are for tables; the file says who answered.")
    imported, sums = read_opinions(given.table, project)
    record_opinions(project, imported, given.policy, sums)
    taken, rows = plural(len(imported.answers), "answer"), plural(len(imported.rows), "annotation")
    return [*imported.table().splitlines(), f"{taken} of {rows}."]


def _disagreements(labeled: LabeledSet) -> list[str]:
    apart, again = len(labeled.disagreements), len(labeled.disputed_indices)
    if not apart:
        return []
    asked = f"; {again} of them are asked again" if again else ""
    images = plural(apart, "image")
    return [f"Annotators disagree about {images}; {MEANING[labeled.policy]}{asked}."]


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
    names = names_of(project.classes)
    before, pairs = answers_of(labeled), zip(changed.indices, changed.labels, strict=True)
    lines = [
        f"  {ascii(project.names[index])[1:-1]}: {names[before[index]]}, now {names[label]}"
        for index, label in pairs
    ]
    return "\n".join(
        [
            f"{plural(len(lines), 'answer')} {'differs' if len(lines) == 1 else 'differ'} from "
            "what is there; nothing was recorded. "
            "--relabel takes the new ones:",
            *listed(lines),
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
