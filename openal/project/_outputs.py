"""Where results may be written: never over what a project is made of, or over waiting answers."""

from collections.abc import Collection
from pathlib import Path

from openal.errors import AnswerError, ArgumentError
from openal.project._notes import FILE
from openal.project._settings_file import NAME
from openal.project.answer_table import read_answers
from openal.project.project import Project

__all__ = ["require_imported", "require_not_ours", "require_output"]


def require_output(out: Path, endings: Collection[str] | None) -> None:
    """Refuse a folder, and a name with another ending; None: any."""
    if out.is_dir():
        raise ArgumentError(f"{out} is a folder; a file to write was expected.")
    if endings is not None and out.suffix.lower() not in endings:
        one_of = "one of " if len(endings) > 2 else ""
        words = (", " if one_of else " or ").join(endings)
        raise ArgumentError(f"--out must end in {one_of}{words}, got {str(out)!r}.")


def require_not_ours(out: Path, project: Project) -> None:
    """Refuse a file that the project consists of, which would be gone."""
    card = project.classifier_file.with_suffix(".json")
    manifest = project.store_folder / "manifest.json"
    named = (NAME, "images.json", FILE, project.images)  # `images` may be a table
    ours = (project.ledger_file, project.classifier_file, card, manifest)
    files = [*(project.folder / name for name in named), *ours]
    if out.exists() and any(file.exists() and out.samefile(file) for file in files):
        raise ArgumentError(f"{out} is a file of the project itself; choose another name.")


def require_imported(out: Path, project: Project) -> None:
    """Refuse a table that was filled in and not imported: its answers would be gone."""
    if not out.is_file() or out.suffix.lower() != ".csv":
        return
    try:
        answers, labeled = read_answers(out, project), project.labeled()
        waits = bool(answers.new(labeled).indices or answers.changed(labeled).indices)
    except AnswerError:  # filled in, with something in it that import will name
        waits = True
    except ArgumentError:  # no table of answers
        waits = False
    if waits:
        raise ArgumentError(
            f"{out} holds answers that are not in the project yet: type openal import {out} first, "
            f"or choose another name."
        )
