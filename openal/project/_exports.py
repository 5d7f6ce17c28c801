"""The answers of a project in the forms that other programs read."""

import os
import shutil
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from openal._files import write_whole
from openal.errors import ArgumentError, LedgerError, MissingPackageError
from openal.ledger._inspect import read_whole
from openal.ledger._settings import WORDS, KeyMark
from openal.project._tables import csv_table
from openal.project.project import Project

__all__ = [
    "Answer",
    "answers_csv",
    "answers_parquet",
    "exported_answers",
    "image_folder",
    "yolo_folder",
]

VALIDATION = 5
"""Of a YOLO folder every fifth image of a class is for validation."""

ILLEGAL = set('<>:"/\\|?*')
"""What the name of a folder cannot hold, on Windows or elsewhere."""


class Answer(NamedTuple):
    """An answer for other programs."""

    at: int
    file: str
    name: str
    annotator: str
    round: str
    time: str


def exported_answers(project: Project) -> list[Answer]:
    """All answers in the order in which they were given."""
    if not project.ledger_file.exists():
        return []
    report = read_whole(project.ledger_file)
    found = report.answers
    _require_same_images(project, found.settings.mark)
    rounds = _round_names(project)
    return [
        Answer(
            index,
            project.names[index],
            WORDS.get(label) or found.classes[label],
            found.annotators.get(index) or "",
            rounds[found.round_of[index]],
            report.times[index] or "",
        )
        for index, label in found.labels.items()
    ]


def _round_names(project: Project) -> list[str]:
    """Each entry of the history as `openal status` counts it: from 1; empty for what none asked."""
    begun = [past.begun for past in project.labeled().history]
    return [
        f"{number}" if is_round else ""
        for is_round, number in zip(begun, accumulate(map(int, begun)), strict=True)
    ]


def _require_same_images(project: Project, mark: KeyMark | None) -> None:
    """Refuse answers about other images than those of the list, as after a wrong `images.json`."""
    differs = None if mark is None else mark.difference(project.keys)
    if differs is not None:
        raise LedgerError(
            f"{project.ledger_file} is about other images than images.json: {differs}. Bring back "
            f"both from one copy."
        )


COLUMNS = ("file", "class", "annotator", "round", "time")


def answers_csv(project: Project, answers: Sequence[Answer], out: Path) -> None:
    """A table of all answers; names that a spreadsheet could compute have an apostrophe before."""
    write_whole(out, csv_table([COLUMNS, *(answer[1:] for answer in answers)]))


def answers_parquet(project: Project, answers: Sequence[Answer], out: Path) -> None:
    """The same as Parquet, names as they are; pandas and pyarrow are needed."""
    try:
        import pandas as pd

        frame = pd.DataFrame([answer[1:] for answer in answers], columns=[*COLUMNS])
        part = out.with_name(f".{out.name}.part")
        try:
            frame.to_parquet(part)
            os.replace(part, out)
        finally:
            part.unlink(missing_ok=True)
    except ImportError as error:
        raise MissingPackageError(
            'Parquet needs pandas and pyarrow: pip install "openal[parquet]".'
        ) from error


def image_folder(
    project: Project, answers: Sequence[Answer], out: Path, *, unknown: bool = False
) -> int:
    """A folder per class with links to its images, or copies where there are no links; how many."""
    placed = [(Path(folder), answer) for folder, answer in _by_folder(project, answers, unknown)]
    return _linked(project, placed, out)


def yolo_folder(
    project: Project, answers: Sequence[Answer], out: Path, *, unknown: bool = False
) -> int:
    """The same in `train` and `val`: of each class every fifth answer is for validation."""
    count: dict[str, int] = {}
    placed = []
    for folder, answer in _by_folder(project, answers, unknown):
        count[folder] = count.get(folder, 0) + 1
        part = "val" if count[folder] % VALIDATION == 0 else "train"
        placed.append((Path(part, folder), answer))
    return _linked(project, placed, out)


def _by_folder(
    project: Project, answers: Sequence[Answer], unknown: bool
) -> list[tuple[str, Answer]]:
    names = [*project.classes, *(["UNKNOWN"] if unknown else [])]
    folders = {name: _folder_name(name) for name in names}
    if len({folder.lower() for folder in folders.values()}) < len(folders):
        raise ArgumentError(f"the folders of classes would have the same name: {names}.")
    return [(folders[answer.name], answer) for answer in answers if answer.name in folders]


def _folder_name(name: str) -> str:
    """A class as the name of a folder that no system refuses, and that leads nowhere else."""
    safe = "".join("_" if sign in ILLEGAL or not sign.isprintable() else sign for sign in name)
    return safe.strip(". ") or "_"


def _linked(project: Project, placed: Sequence[tuple[Path, Answer]], out: Path) -> int:
    """The folder, made beside its place and then put there, so that it is whole or not there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArgumentError(f"{out} is there already; remove it, or choose another folder.")
    _require_there(project, [answer for _, answer in placed])
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for folder, answer in placed:
        target = part / folder / _inside(answer)
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(project.path_of(answer.at).resolve(), target)
    if out.exists():
        out.rmdir()
    part.replace(out)
    return len(placed)


def _require_there(project: Project, answers: Sequence[Answer]) -> None:
    """Refuse to link images that are gone: a link to nothing shows only when it is too late."""
    gone = [answer.file for answer in answers if not project.path_of(answer.at).is_file()]
    if gone:
        raise ArgumentError(
            f"{len(gone)} of {len(answers)} images are not in {project.image_folder}, {gone[0]!r} "
            f"for one; bring them back, type openal embed if they are renamed or gone for good, or "
            f"set images in openal.toml to where they are now."
        )


def _inside(answer: Answer) -> Path:
    """Where an image is in the folder of its class: as it was, if that leads nowhere else."""
    path = Path(answer.file)
    if path.is_absolute() or path.drive or ".." in path.parts:
        return Path(f"{answer.at}-{path.name}")
    return path


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source)
    except OSError:  # Windows without the right, or a disk without links
        shutil.copyfile(source, target)
