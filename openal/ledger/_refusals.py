"""What cannot be said to a ledger: an event held against the answers so far, named by position."""

from typing import Protocol

from openal._words import plural
from openal.errors import AnswerError
from openal.ledger._events import SCORES, SKIPPED, UNCHANGED, UNKNOWN, Event
from openal.ledger._settings import Settings

__all__ = ["SoFar", "require_possible"]

UNSIGNED = {
    2**bits + answer: f"; {name} ({answer}) becomes that in an unsigned type of {bits} bits, "
    f"so give a signed one"
    for bits in (8, 16, 32, 64)
    for name, answer in (("UNKNOWN", UNKNOWN), ("SKIPPED", SKIPPED))
}
"""What an answer becomes in a type without a sign."""


class SoFar(Protocol):
    """The answers so far, as far as they decide what may come next."""

    settings: Settings
    labels: dict[int, int]
    pending: set[int]

    def said(self, index: int) -> dict[str | None, int]:
        """What each annotator said about an item, in the order given."""

    def is_answered(self, index: int) -> bool:
        """Whether anybody said anything about it."""


def require_possible(answers: SoFar, event: Event) -> None:
    """Raise an `AnswerError` that names the first position where `event` cannot be."""
    _check_indices(answers.settings.size, event.indices)
    answers.settings.check_keys(event)
    match event.kind:
        case "answer" | "opinion":
            _check_labels(len(answers.settings.classes), event)
            _check_consistent(answers, event)
        case "relabel":
            _check_labels(len(answers.settings.classes), event)
            _check_answered(answers, event)
        case "retract":
            _check_answered(answers, event)
        case "withdraw":
            _check_own(answers, event)
        case "round":
            _check_round(answers, event)
        case "abandon":
            _check_pending(answers, event)
        case "classes" | "size" | "policy" | "keys":
            answers.settings.check(event)
        case _:
            raise AnswerError(f"There is no event {event.kind!r}.")


def _check_indices(size: int, indices: list[int]) -> None:
    first: dict[int, int] = {}
    for at, index in enumerate(indices):
        if not 0 <= index < size:
            raise _refusal(at, index, f"indices run from 0 to {size - 1}")
        if first.setdefault(index, at) != at:
            raise _refusal(at, index, f"it is at position {first[index]} already")


def _check_labels(num_classes: int, event: Event) -> None:
    if len(event.labels) != len(event.indices):
        raise AnswerError(
            f"There are {len(event.indices)} indices and {len(event.labels)} labels; "
            f"one label per index was expected. {UNCHANGED}"
        )
    top = num_classes - 1
    for at, label in enumerate(event.labels):
        if not SKIPPED <= label <= top:
            expected = f"0..{top}, UNKNOWN ({UNKNOWN}) or SKIPPED ({SKIPPED})"
            why = f"label {label} is not one of {expected}{UNSIGNED.get(label, '')}"
            raise _refusal(at, event.indices[at], why)


def _check_consistent(answers: SoFar, event: Event) -> None:
    """An annotator says one thing about an item, and only named ones may say different things."""
    written = event.kind == "answer" and event.position is not None  # in a file it stands alone
    for at, (index, label) in enumerate(zip(event.indices, event.labels, strict=True)):
        if not answers.is_answered(index):
            continue
        said = answers.said(index)
        if event.kind == "opinion" and _is_no_second(event.annotator, said):
            raise _refusal(at, index, "it is no second opinion")
        if written or event.annotator is None or event.annotator in said or None in said:
            _require_said(at, index, label, said, event)


def _is_no_second(annotator: str | None, said: dict[str | None, int]) -> bool:
    return annotator is None or annotator in said or None in said


def _require_said(
    at: int, index: int, label: int, said: dict[str | None, int], event: Event
) -> None:
    """Refuse what is not said already by the one who says it, or by all."""
    before = said.get(event.annotator, next(iter(said.values())))
    others = event.annotator not in said and any(other != label for other in said.values())
    if before != label or others:
        before = next((given for given in (before, *said.values()) if given != label), before)
        why = f"it was answered {before}, now {label}; to change an answer use relabel"
        if event.annotator is None and None not in said:
            why += ", or say with annotator= who gives a second opinion"
        raise _refusal(at, index, why)


def _check_answered(answers: SoFar, event: Event) -> None:
    for at, index in enumerate(event.indices):
        if not answers.is_answered(index):
            raise _refusal(at, index, "it has no answer yet")


def _check_own(answers: SoFar, event: Event) -> None:
    for at, index in enumerate(event.indices):
        if event.annotator is None or event.annotator not in answers.said(index):
            raise _refusal(at, index, f"it has no answer of {event.annotator!r}")


def _check_pending(answers: SoFar, event: Event) -> None:
    for at, index in enumerate(event.indices):
        if index not in answers.pending:
            raise _refusal(at, index, "no round waits for it")


def _check_round(answers: SoFar, event: Event) -> None:
    if answers.pending:
        raise AnswerError(
            f"The last round still waits for {plural(len(answers.pending), 'answer')}; "
            "`pending_indices` has them. Add them first, or call `abandon_round()` if nobody will "
            "answer."
        )
    for at, index in enumerate(event.indices):
        if index in answers.labels:
            raise _refusal(at, index, f"it was answered {answers.labels[index]} already")
    for name in SCORES:
        values = getattr(event, name)
        if values is not None and values.shape != (len(event.indices),):
            raise AnswerError(
                f"query.{name} has shape {values.shape}; ({len(event.indices)},) was expected."
            )


def _refusal(at: int, index: int, why: str) -> AnswerError:
    return AnswerError(f"Position {at}, index {index}: {why}. {UNCHANGED}")
