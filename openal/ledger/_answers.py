"""What the events of a labeled set add up to: who answered what, in which round, what is pending.

An event is made from what a caller passed, checked against the answers so far, then applied.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Protocol, final

import numpy as np
import torch

from openal._checks import as_count, as_finite, as_list, as_tensor, whole_numbers
from openal.errors import AnswerError, ArgumentError, ArrayError
from openal.ledger._journal import Event
from openal.view import PENDING, Round

__all__ = ["SKIPPED", "UNKNOWN", "Answers", "Asked", "answered", "asked", "retracted"]

UNKNOWN = -1
"""The answer "none of my classes": it costs an answer and teaches purity."""

SKIPPED = -2
"""The answer "cannot tell": it costs an answer, teaches nothing and is never asked again."""

UNCHANGED = "Nothing was recorded."
FLOATS = {"scores": "f8", "purity": "f4", "informativeness": "f4"}

Scores = tuple[np.ndarray | None, ...]  # one for each of FLOATS, or empty


class Asked(Protocol):
    """What `LabeledSet.begin_round` reads; a `Query` is one."""

    @property
    def indices(self) -> Any:
        """The global indices that are asked, best first; scores, purity... are read if there."""


@final
class Answers:
    """The sum of the events so far. `check` refuses an event; `apply` expects a checked one."""

    def __init__(self, size: int, classes: int | Iterable[str]) -> None:
        self.size = as_count(size, "size")
        self.classes = _class_names(classes)
        self.labels: dict[int, int] = {}  # index -> label; a dict keeps the answer order
        self.annotators: dict[int, str] = {}
        self.rounds: list[tuple[list[int], Scores]] = []  # what was asked, and its scores
        self.round_of: dict[int, int] = {}  # index -> the last round that asked for it
        self.open = -1  # the last round begun; open while something is pending
        self.pending: set[int] = set()
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
            case _:
                raise AnswerError(f"There is no event {event.kind!r}.")

    def effective(self, event: Event) -> Event | None:
        """The part of a checked `event` that changes something, or None."""
        if event.kind in ("answer", "relabel"):
            pairs = zip(event.indices, event.labels, strict=True)
            news = [(index, label) for index, label in pairs if self.labels.get(index) != label]
            indices, labels = [index for index, _ in news], [label for _, label in news]
            event = Event(event.kind, indices, labels, event.annotator)
        return event if event.indices or event.kind == "round" else None

    def apply(self, event: Event) -> None:
        """Make a checked event part of the sum."""
        self._arrays = None
        if event.kind == "round":
            self._begin(event.indices, (event.scores, event.purity, event.informativeness))
            self.open, self.pending = len(self.rounds) - 1, set(event.indices)
        elif event.kind == "retract":
            self._retract(event.indices)
        else:
            self._answer(event)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """All answered indices and their labels, in answer order; computed once per change."""
        if self._arrays is None:
            count = len(self.labels)
            self._arrays = (
                np.fromiter(self.labels.keys(), np.int64, count),
                np.fromiter(self.labels.values(), np.int64, count),
            )
        return self._arrays

    def without(self, indices: set[int]) -> "Answers":
        """A copy in which nobody asked for some items or answered them; the rounds stay."""
        kept = deepcopy(self)
        kept._arrays = None
        kept.labels = {index: label for index, label in self.labels.items() if index not in indices}
        kept.rounds = [_cut(asked, scores, indices) for asked, scores in self.rounds]
        return kept

    def history(self) -> tuple[Round, ...]:
        """All rounds with the labels of today, oldest first."""
        return tuple(self._round(number) for number in range(len(self.rounds)))

    def pending_in_order(self) -> list[int]:
        """What the open round still waits for, in query order."""
        asked = self.rounds[self.open][0] if self.pending else []
        return [index for index in asked if index in self.pending]

    def _round(self, number: int) -> Round:
        indices, scores = self.rounds[number]
        labels = [
            self.labels.get(i, PENDING) if self.round_of[i] == number else PENDING for i in indices
        ]
        return Round(
            np.array(indices, np.int64),
            np.array(labels, np.int64),
            *(None if values is None else values.copy() for values in scores),
        )

    def _begin(self, indices: list[int], scores: Scores = ()) -> None:
        self.round_of.update(dict.fromkeys(indices, len(self.rounds)))
        self.rounds.append((indices, scores))

    def _answer(self, event: Event) -> None:
        outside = [i for i in event.indices if i not in self.pending]
        if outside and event.kind == "answer":
            self._begin(outside)
        self.labels.update(zip(event.indices, event.labels, strict=True))
        self.pending.difference_update(event.indices)
        for index in event.indices:
            self.annotators.pop(index, None)
        if event.annotator is not None:
            self.annotators.update(dict.fromkeys(event.indices, event.annotator))

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
                raise _refusal(at, event.indices[at], f"label {label} is not one of {expected}")

    def _check_consistent(self, event: Event) -> None:
        for at, (index, label) in enumerate(zip(event.indices, event.labels, strict=True)):
            if self.labels.get(index, label) != label:
                found = f"it was answered {self.labels[index]}, now {label}"
                raise _refusal(at, index, f"{found}; to change an answer use relabel")

    def _check_answered(self, event: Event) -> None:
        for at, index in enumerate(event.indices):
            if index not in self.labels:
                raise _refusal(at, index, "it has no answer yet")

    def _check_round(self, event: Event) -> None:
        if self.pending:
            raise AnswerError(
                f"The last round still waits for {len(self.pending)} answers; `pending_indices` "
                "has them. Add them first (SKIPPED where nobody will answer)."
            )
        for at, index in enumerate(event.indices):
            if index in self.labels:
                raise _refusal(at, index, f"it was answered {self.labels[index]} already")
        for name in FLOATS:
            values = getattr(event, name)
            if values is not None and values.shape != (len(event.indices),):
                raise AnswerError(
                    f"query.{name} has shape {values.shape}; ({len(event.indices)},) was expected."
                )


def answered(kind: str, indices: Any, labels: Any, annotator: Any) -> Event:
    """An "answer" or a "relabel" of each of `indices`."""
    where = _integers(indices, "indices")
    return Event(kind, where, _integers(labels, "labels", where), _annotator(annotator))


def retracted(indices: Any) -> Event:
    """The answers of `indices` are taken back."""
    return Event("retract", _integers(indices, "indices"), [])


def asked(query: Asked) -> Event:
    """The indices of `query` are asked; its scores are kept where it has some."""
    if not hasattr(query, "indices"):
        raise AnswerError(
            f"query must have indices, as a Query has; got {query!r:.60}. {UNCHANGED}"
        )
    scores, purity, informativeness = (
        _floats(getattr(query, name, None), f"query.{name}", dtype)
        for name, dtype in FLOATS.items()
    )
    where = _integers(query.indices, "query.indices")
    return Event("round", where, [], None, scores, purity, informativeness)


def _cut(asked: list[int], scores: Scores, indices: set[int]) -> tuple[list[int], Scores]:
    """A round, and its scores, without some of the items."""
    rows = [row for row, index in enumerate(asked) if index not in indices]
    cut = tuple(None if values is None else values[rows] for values in scores)
    return [asked[row] for row in rows], cut


def _refusal(at: int, index: int, why: str) -> AnswerError:
    return AnswerError(f"Position {at}, index {index}: {why}. {UNCHANGED}")


def _class_names(classes: Any) -> tuple[str, ...]:
    if not isinstance(classes, Iterable):
        return tuple(str(k) for k in range(as_count(classes, "classes", minimum=1)))
    if isinstance(classes, str | bytes | set | frozenset | Mapping):
        raise ArgumentError(f"classes must be a number or a list of names, got {classes!r:.60}.")
    names = tuple(classes)
    for at, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise ArgumentError(f"classes[{at}] must be a name that is not empty, got {name!r}.")
        if name in ("UNKNOWN", "SKIPPED"):
            raise ArgumentError(f"classes[{at}] is {name!r}, which is an answer of its own.")
        if name in names[:at]:
            raise ArgumentError(f"classes[{at}] is {name!r}, which is there already.")
    if not names:
        raise ArgumentError("classes must hold at least one name.")
    return tuple(str(name) for name in names)


def _annotator(name: Any) -> str | None:
    if name is None:
        return None
    if not isinstance(name, str) or not name.isprintable() or not name:
        raise ArgumentError(f"annotator must be a name in printable characters, got {name!r}.")
    return str(name)


def _integers(values: Any, argument: str, indices: Sequence[int] = ()) -> list[int]:
    """The whole numbers in `values`, of any size; one alone is a list of one."""
    alone = not isinstance(values, Iterable) or getattr(values, "ndim", 1) == 0
    try:
        found = as_list([values] if alone else values, argument)
    except ArrayError as error:
        raise AnswerError(f"{error} {UNCHANGED}") from None
    numbers = whole_numbers(found)
    if None in numbers:
        at = numbers.index(None)
        item = f" (index {indices[at]})" if at < len(indices) else ""
        raise AnswerError(
            f"{argument}[{at}]{item} is {found[at]!r:.60}; an integer was expected. {UNCHANGED}"
        )
    return numbers


def _floats(values: Any, argument: str, dtype: str) -> np.ndarray | None:
    """A fresh array of the numbers in `values`, which are finite; at most the largest of a type."""
    if values is None:
        return None
    try:
        found = as_finite(as_tensor(values, argument).to("cpu", torch.float64), argument)
    except ArrayError as error:
        raise AnswerError(f"{error} {UNCHANGED}") from None
    largest = np.finfo(dtype).max
    return found.numpy().clip(-largest, largest).astype(dtype)
