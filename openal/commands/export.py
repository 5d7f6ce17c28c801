"""`openal export`: the answers of a project for people and for other programs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from openal._files import write_whole
from openal.commands._say import plural, say
from openal.commands.arguments.export import parser
from openal.errors import ArgumentError
from openal.project import Project
from openal.project._exports import (
    Answer,
    answers_csv,
    answers_parquet,
    exported_answers,
    image_folder,
    yolo_folder,
)
from openal.project._outputs import require_not_ours, require_output
from openal.project._tool_files import TOOLS

__all__ = ["main", "parser"]

WRITERS: dict[str, Callable[[Project, Sequence[Answer], Path], None]] = {
    ".csv": answers_csv,
    ".parquet": answers_parquet,
}


def main(argv: Sequence[str]) -> int:
    """Run the command; an ArgumentError, and nothing written, where a path cannot be."""
    given = parser().parse_args(argv)
    if not any((given.out, given.format, given.imagefolder, given.yolo)):
        raise ArgumentError("nothing to write: give --out FILE.csv, --imagefolder or --yolo.")
    if given.out is not None:
        require_output(given.out, None if given.format else (*WRITERS, ".json"))
    project = Project.find()
    every = exported_answers(project)
    answers = [answer for answer in every if answer.at not in project.retired]
    tool = given.format or _tool_by_ending(given.out)
    if given.out is not None:
        require_not_ours(given.out, project)
    if tool is not None:
        _write_tool(tool, project, answers, given.out)
    elif given.out is not None:
        WRITERS[given.out.suffix.lower()](project, answers, given.out)
        say([f"{given.out}: {plural(len(answers), 'answer')}."])
    for out, write in ((given.imagefolder, image_folder), (given.yolo, yolo_folder)):
        if out is not None:
            count = write(project, answers, out, unknown=given.unknown)
            say([f"{out}: {plural(count, 'image')}."])
    gone = len(every) - len(answers)
    say([f"{plural(gone, 'answer')} about images that are gone: left out."] if gone else [])
    say(["Next: openal status, or openal query"])
    return 0


def _tool_by_ending(out: Path | None) -> str | None:
    return "coco" if out is not None and out.suffix.lower() == ".json" else None


def _write_tool(tool: str, project: Project, answers: Sequence[Answer], out: Path | None) -> None:
    if out is None:
        raise ArgumentError("--format needs --out FILE.")
    write_whole(out, TOOLS[tool](project, answers).encode())
    say([f"{out}: the {tool} file."])
