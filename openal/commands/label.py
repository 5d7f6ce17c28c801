"""`openal label`: a page in the browser where the questions of a project are answered."""

import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, final, overload

from openal._image_reader import reading_of
from openal.commands.arguments.label import parser
from openal.label import Work, serve
from openal.labeled import LabeledSet

if TYPE_CHECKING:
    from openal.project import Project

__all__ = ["main", "parser", "work_of"]


def main(argv: Sequence[str]) -> int:
    """Run the command, until Ctrl+C."""
    given = parser().parse_args(argv)
    from openal.project import Project
    from openal.project._round import close_retired

    project = Project.find().using(budget=given.budget)
    project.embeddings()  # a query needs them: where they are missing it is said at once
    close_retired(project.labeled(), project.retired)
    reading = reading_of(given.max_pixels, given.bits)
    with suppress(KeyboardInterrupt):
        serve(work_of(project), port=given.port, browser=not given.no_browser, reading=reading)
    sys.stdout.write("Next: openal status\n")
    return 0


def work_of(project: "Project") -> Work:
    """A project as the page sees it."""
    from openal.project._asked import note_answered

    labeled: LabeledSet = project.labeled()

    def of_now() -> "Project":
        """With the classes that were added meanwhile."""
        return project.using(classes=labeled.classes)

    def add_class(name: str) -> None:
        """To `openal.toml` first: the ledger may lag behind the file, and not the reverse."""
        project.with_class(name)
        labeled.add_class(name)

    images = _ImagesOfNow(project)
    return Work(
        title=project.folder.name,
        names=images,
        labeled=labeled,
        path_of=lambda index: images.project.path_of(index),
        ask=lambda: of_now().query(),
        reasons=lambda: _reasons(of_now()),
        add_class=add_class,
        retired=lambda: images.project.retired,
        note=lambda said: note_answered(project, said),
    )


@final
class _ImagesOfNow(Sequence[str]):
    """The names of a project's images, as `openal embed` left them last, perhaps meanwhile."""

    def __init__(self, project: "Project") -> None:
        self._project, self._mark = project, _mark_of(project)

    @property
    def project(self) -> "Project":
        """With the images of now."""
        mark = _mark_of(self._project)
        if mark != self._mark:
            self._project, self._mark = self._project.using(), mark
        return self._project

    def __len__(self) -> int:
        return len(self.project.names)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self.project.names[index]


def _mark_of(project: "Project") -> tuple[int, int]:
    status = (project.store_folder / "manifest.json").stat()
    return status.st_mtime_ns, status.st_ino


def _reasons(project: "Project") -> Mapping[int, str]:
    """Why each image of the open round is asked about."""
    from openal.project import query_reasons

    query = project.query()  # which is open: it is only read
    reasons = dict(zip(query.indices.tolist(), query_reasons(project, query), strict=True))
    threading.Thread(target=first_optimizer, name="first optimizer", daemon=True).start()
    return reasons


def first_optimizer() -> None:
    """Make one while people answer: torch takes seconds over the first of a process.

    It imports its compiler for that. Without this everybody would wait for it between two rounds.
    """
    import torch

    torch.optim.SGD([torch.zeros(1)])
