"""Answers about images whose file was replaced since: which they are, and how to ask again."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace

from openal._words import plural
from openal.errors import ArgumentError
from openal.ledger._inspect import LedgerReport, read_whole
from openal.project._asked import image_sums, note_answered, note_asked, stored_sums
from openal.project._notes import Notes, append, read_notes, seconds_of
from openal.project.project import Project
from openal.store import Embeddings
from openal.store._manifest import read_manifest

__all__ = ["ask_replaced", "note_before_changes", "stale_answers"]

SECOND = 10**9


def stale_answers(project: Project) -> list[int]:
    """The images that are there, and whose answer is about other bytes than they have.

    Images that cannot be read are none of these: nobody could answer again. Where nobody noted
    about which bytes an answer is, it is one of before the image was replaced.
    """
    if not project.ledger_file.exists():
        return []
    report, notes = read_whole(project.ledger_file), read_notes(project.folder)
    left_out = {*project.retired, *_unreadable(project)}
    answered = [index for index in report.answers.labels if index not in left_out]
    about = {index: _about(report, notes, index) for index in answered}
    stored = stored_sums(project, answered)
    stale = {i for i in answered if about[i] and stored.get(i) not in {*about[i], None}}
    now = image_sums(project, stale)  # who answered on the page saw what is not embedded yet
    stale = {index for index in stale if now.get(index) not in about[index]}
    stale |= {index for index in _before(project, report) if not about.get(index, True)}
    return sorted(stale)


def _unreadable(project: Project) -> Iterable[int]:
    """The images that could not be read when they were embedded last."""
    manifest = read_manifest(project.store_folder)
    return () if manifest is None else manifest.reasons


def _before(project: Project, report: LedgerReport) -> list[int]:
    """The images that were answered before they were replaced."""
    times, since = report.times, Embeddings(project.store_folder, partial=True).replaced
    return [i for i, at in since.items() if int(seconds_of(times.get(i))) < at // SECOND]


def note_before_changes(project: Project, replaced: Iterable[int]) -> None:
    """Note, before images have other names or bytes, what is asked and answered about these.

    Without it nobody could tell, once bytes that were `replaced` are back, that the answers are
    about them; nor what a round asked that was begun in Python, or by an earlier release.
    """
    manifest = read_manifest(project.store_folder)
    if manifest is None or not project.ledger_file.exists():
        return
    report, notes = read_whole(project.ledger_file), read_notes(project.folder)
    _note_round(project, [i for i in report.answers.pending if i not in notes.asked])
    labels = report.answers.labels
    other = {*manifest.reasons, *_before(project, report)}  # seen by nobody; about earlier bytes
    answered = [index for index in replaced if index in labels and index not in other]
    silent = [index for index in answered if not _about(report, notes, index)]
    sums = stored_sums(project, silent)
    note_answered(project, {index: (labels[index], digest) for index, digest in sums.items()})


def _note_round(project: Project, pending: Sequence[int]) -> None:
    """Note under which names, and with which bytes, images are asked that nobody has noted."""
    sums = stored_sums(project, pending)
    names = {index: (project.names[index], sums.get(index, "")) for index in pending}
    if names:
        append(project.folder, {"asked": names, "begins": False})


def _about(report: LedgerReport, notes: Notes, index: int) -> set[str]:
    """The checksums of the bytes that the answer about an image is about, as far as was noted."""
    since = seconds_of(report.times.get(index))
    return notes.about(index, report.answers.labels[index], since)


def ask_replaced(project: Project) -> int:
    """Take back the answers about images that were replaced, and begin a round of these; how many.

    Raises an ArgumentError where a round is open, or where there are none.
    """
    labeled, stale = project.labeled(), stale_answers(project)
    if not stale:
        raise ArgumentError("no answer is about an image that was replaced since.")
    if pending := len(labeled.pending_indices):
        raise ArgumentError(
            f"the open round waits for {plural(pending, 'answer')}: finish it first."
        )
    labeled.retract(stale)
    labeled.begin_round(SimpleNamespace(indices=stale))
    note_asked(project, stale, begins=True)
    return len(stale)
