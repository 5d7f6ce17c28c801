"""Answers about images whose file was replaced since: which they are, and how to ask again."""

from datetime import UTC, datetime
from types import SimpleNamespace

from openal.errors import ArgumentError
from openal.ledger._inspect import read_whole
from openal.project.project import Project

__all__ = ["ask_replaced", "stale_answers"]

SECOND = 10**9


def stale_answers(project: Project) -> list[int]:
    """The images that are there and were answered before other bytes took the place of theirs."""
    replaced = project.embeddings().replaced
    if not replaced or not project.ledger_file.exists():
        return []
    report = read_whole(project.ledger_file)
    times, answered = report.times, {*report.answers.answered()} - project.retired
    return [
        index
        for index, since in sorted(replaced.items())
        if index in answered and _seconds(times.get(index)) < since // SECOND
    ]


def ask_replaced(project: Project) -> int:
    """Take back the answers about images that were replaced, and begin a round of these; how many.

    Raises an ArgumentError where a round is open, or where there are none.
    """
    labeled, stale = project.labeled(), stale_answers(project)
    if not stale:
        raise ArgumentError("no answer is about an image that was replaced since.")
    if len(labeled.pending_indices):
        raise ArgumentError(
            f"the open round waits for {len(labeled.pending_indices)} answers: finish it first."
        )
    labeled.retract(stale)
    labeled.begin_round(SimpleNamespace(indices=stale))
    return len(stale)


def _seconds(time: str | None) -> int:
    """When an answer was given; one of an unknown time was given before anything."""
    if time is None:
        return 0
    return int(datetime.fromisoformat(time).astimezone(UTC).timestamp())
