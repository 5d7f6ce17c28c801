"""What the events of a labeled set add up to: who answered what, in which round, what is pending.

An event is checked against the answers so far, then applied.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

import numpy as np

from openal._checks import as_count
from openal.errors import AnswerError
from openal.ledger._events import SCORES, SKIPPED, UNCHANGED, UNKNOWN, Event, class_names
from openal.view import PENDING, Round

__all__ = ["Answers"]

UNSIGNED = {
    2**bits + answer: f"; {name} ({answer}) becomes that in an unsigned type of {bits} bits, "
    f"so give a signed one"
    for bits in (8, 16, 32, 64)
    for name, answer in (("UNKNOWN", UNKNOWN), ("SKIPPED", SKIPPED))
}
"""What an answer becomes in a type without a sign."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """One entry of the history: a round that was begun, or answers that none had asked for.

    `scores` are those of SCORES [b] at `indices` [b], each may be None.
    """

    indices: list[int]
    begun: bool
    scores: tuple[np.ndarray | None, ...] = ()


@final
class Answers:
    """The sum of the events so far, about `size` items and `classes` (K, or their names).

    `check` refuses an event; `apply` expects a checked one. `labels` has the answers by index, in
    answer order, and `annotators` who gave them; `rounds` is the history and `round_of` says which
    of its entries asked for an item last. `open` is the last round that was begun, `pending` what
    it waits for. `count` events are in the sum, which is `whole` unless an interrupt ended `apply`.
    """

    def __init__(self, size: int, classes: int | Iterable[str]) -> None:
        self.size = as_count(size, "size")
        self.classes = class_names(classes)
        self.labels: dict[int, int] = {}
        self.annotators: dict[int, str] = {}
        self.rounds: list[_Asked] = []
        self.round_of: dict[int, int] = {}
        self.open = -1
        self.pending: set[int] = set()
        self.count, self.whole = 0, True
        self._arrays: tuple[np.ndarray, np.ndarray] | None = None

    def check(self, event: Event) -> None:
        """Raise an `AnswerError` that names the first position where `event` cannot be."""
        self._check_indices(event.indices)
        match event.kind:
            case "answer":
                self._check_labels(event)
                self._check_consistent(event)
            case "relabel":
                self._check_labels(event)
                self._check_answered(event)
            case "retract":
                self._check_answered(event)
            case "round":
                self._check_round(event)
            case "abandon":
                self._check_pending(event)
            case _:
                raise AnswerError(f"There is no event {event.kind!r}.")

    def effective(self, event: Event) -> Event | None:
        """The part of a checked `event` that changes something, or None."""
        if event.kind in ("answer", "relabel"):
            pairs = zip(event.indices, event.labels, strict=True)
            news = [(index, label) for index, label in pairs if self.labels.get(index) != label]
            indices, labels = [index for index, _ in news], [label for _, label in news]
            event = Event(event.kind, indices, labels, event.annotator)
        elif event.kind == "abandon":
            event = Event(event.kind, self.pending_in_order(), [])
        return event if event.indices or event.kind == "round" else None

    def apply(self, event: Event) -> None:
        """Make a checked event part of the sum; it is not `whole` where this does not end."""
        self.whole = False
        self._arrays = None
        match event.kind:
            case "round":
                self._begin(event)
            case "retract":
                self._retract(event.indices)
            case "abandon":
                self.pending.difference_update(event.indices)
            case _:
                self._answer(event)
        self.count += 1
        self.whole = True

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """All answered indices and their labels, in answer order; computed once per change."""
        if self._arrays is None:
            count = len(self.labels)
            self._arrays = (
                np.fromiter(self.labels.keys(), np.int64, count),
                np.fromiter(self.labels.values(), np.int64, count),
            )
        return self._arrays

    def history(self) -> tuple[Round, ...]:
        """All rounds with the labels of today, oldest first."""
        return tuple(self._round(number) for number in range(len(self.rounds)))

    def pending_in_order(self) -> list[int]:
        """What the open round still waits for, in query order."""
        indices = self.rounds[self.open].indices if self.pending else []
        return [index for index in indices if index in self.pending]

    def _round(self, number: int) -> Round:
        entry = self.rounds[number]
        labels = [
            self.labels.get(i, PENDING) if self.round_of[i] == number else PENDING
            for i in entry.indices
        ]
        return Round(
            np.array(entry.indices, np.int64),
            np.array(labels, np.int64),
            **{
                name: None if values is None else values.copy()
                for name, values in zip(SCORES, entry.scores, strict=False)
            },
            begun=entry.begun,
        )

    def _begin(self, event: Event) -> None:
        self.open, self.pending = len(self.rounds), set(event.indices)
        self.round_of.update(dict.fromkeys(event.indices, self.open))
        scores = (event.scores, event.purity, event.informativeness)
        self.rounds.append(_Asked(event.indices, True, scores))

    def _answer(self, event: Event) -> None:
        if event.kind == "answer":
            self._note_unasked([i for i in event.indices if i not in self.pending])
        self.labels.update(zip(event.indices, event.labels, strict=True))
        self.pending.difference_update(event.indices)
        for index in event.indices:
            self.annotators.pop(index, None)
        if event.annotator is not None:
            self.annotators.update(dict.fromkeys(event.indices, event.annotator))

    def _note_unasked(self, indices: list[int]) -> None:
        """Put answers that no round asked for into one entry, in however many calls they come."""
        if indices and (not self.rounds or self.rounds[-1].begun):
            self.rounds.append(_Asked([], False))
        number = len(self.rounds) - 1
        # One that was retracted and answered again may stand there already.
        news = [index for index in indices if self.round_of.get(index) != number]
        if news:
            self.rounds[-1].indices.extend(news)
            self.round_of.update(dict.fromkeys(news, number))

    def _retract(self, indices: list[int]) -> None:
        again = [i for i in indices if self.pending and self.round_of[i] == self.open]
        self.pending.update(again)
        for index in indices:
            del self.labels[index]
            self.annotators.pop(index, None)

    def _check_indices(self, indices: list[int]) -> None:
        first: dict[int, int] = {}
        for at, index in enumerate(indices):
            if not 0 <= index < self.size:
                raise _refusal(at, index, f"indices run from 0 to {self.size - 1}")
            if first.setdefault(index, at) != at:
                raise _refusal(at, index, f"it is at position {first[index]} already")

    def _check_labels(self, event: Event) -> None:
        if len(event.labels) != len(event.indices):
            raise AnswerError(
                f"There are {len(event.indices)} indices and {len(event.labels)} labels; "
                f"one label per index was expected. {UNCHANGED}"
            )
        top = len(self.classes) - 1
        for at, label in enumerate(event.labels):
            if not SKIPPED <= label <= top:
                expected = f"0..{top}, UNKNOWN ({UNKNOWN}) or SKIPPED ({SKIPPED})"
                why = f"label {label} is not one of {expected}{UNSIGNED.get(label, '')}"
                raise _refusal(at, event.indices[at], why)

    def _check_consistent(self, event: Event) -> None:
        for at, (index, label) in enumerate(zip(event.indices, event.labels, strict=True)):
            if self.labels.get(index, label) != label:
                change = f"it was answered {self.labels[index]}, now {label}"
                raise _refusal(at, index, f"{change}; to change an answer use relabel")

    def _check_answered(self, event: Event) -> None:
        for at, index in enumerate(event.indices):
            if index not in self.labels:
                raise _refusal(at, index, "it has no answer yet")

    def _check_pending(self, event: Event) -> None:
        for at, index in enumerate(event.indices):
            if index not in self.pending:
                raise _refusal(at, index, "no round waits for it")

    def _check_round(self, event: Event) -> None:
        if self.pending:
            raise AnswerError(
                f"The last round still waits for {len(self.pending)} answers; `pending_indices` "
                "has them. Add them first, or call `abandon_round()` if nobody will answer."
            )
        for at, index in enumerate(event.indices):
            if index in self.labels:
                raise _refusal(at, index, f"it was answered {self.labels[index]} already")
        for name in SCORES:
            values = getattr(event, name)
            if values is not None and values.shape != (len(event.indices),):
                raise AnswerError(
                    f"query.{name} has shape {values.shape}; ({len(event.indices)},) was expected."
                )


def _refusal(at: int, index: int, why: str) -> AnswerError:
    return AnswerError(f"Position {at}, index {index}: {why}. {UNCHANGED}")
