"""`openal status`: how far a project is, and whether to go on asking."""

from collections.abc import Sequence

from openal.commands._changes import about_gone, about_replaced
from openal.commands._say import plural, say, table
from openal.commands.arguments.status import parser
from openal.project import Project, Status, project_status
from openal.store._manifest import read_manifest

__all__ = ["main", "parser"]


def main(argv: Sequence[str]) -> int:
    """Run the command."""
    parser().parse_args(argv)
    project = Project.find()
    manifest = read_manifest(project.store_folder)
    if manifest is None or manifest.missing():
        done = 0 if manifest is None else manifest.rows_done
        count = plural(len(project.names) - len(project.retired), "image")
        say([f"{project.folder}: {count}, {done:,} of them embedded.", *about_gone(project)])
        say(["Next: openal embed"])
        return 0
    status = project_status(project)
    say([*_images(project, status), *_answers(status), *_rounds(status), *_curve(status)])
    say([status.advice, f"Next: {_next(status)}"])
    return 0


def _images(project: Project, status: Status) -> list[str]:
    lines = [f"{project.folder}: {plural(status.images, 'image')}, encoder {project.encoder_used}."]
    lines += [*about_gone(project), *about_replaced(project, status.replaced)]
    if status.unreadable:
        lines += [f"{plural(status.unreadable, 'image')} cannot be read: left out of every query."]
    return lines


def _answers(status: Status) -> list[str]:
    rows = [[name, f"{count:,}"] for name, count in status.counts.items()]
    lines = ["", *table(["class", "answers"], rows), ""]
    if status.pending:
        lines += [f"The open round waits for {plural(status.pending, 'answer')}."]
    if status.known_left is not None:
        lines += [
            f"Of the {plural(status.left, 'image')} without an answer about "
            f"{status.known_left:.0%} are of your classes, by the classifier's estimate."
        ]
    return lines


def _rounds(status: Status) -> list[str]:
    rows, number = [], 0
    for count in status.rounds:
        number += count.begun
        name = f"{number}" if count.begun else "not asked"
        answers = count.known + count.unknown + count.skipped
        rows.append([name, f"{answers}", f"{count.known}", f"{count.wasted:.0%}"])
    return ["", *table(["round", "answers", "of your classes", "wasted"], rows)] if rows else []


def _curve(status: Status) -> list[str]:
    if not status.curve:
        return [
            "",
            "Ten answers that name a class are needed to tell how good it is.",
            "",
        ]
    rows = [
        [f"{point.answers:,}", f"{point.accuracy:.2f} ± {point.error:.2f}"]
        for point in status.curve
    ]
    tested = plural(status.curve[-1].tested, "answer")
    head = ["answers that name a class", "accuracy"]
    return ["", *table(head, rows), f"Tested on {tested}, by classifiers of the others.", ""]


def _next(status: Status) -> str:
    if status.pending:
        return "openal label, or openal query"
    return "openal train" if status.advice.startswith(("Stop", "You may")) else "openal query"
