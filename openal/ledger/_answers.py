"""What the events of a labeled set add up to: who answered what, in which round, what is pending.

An event is checked against the answers so far, then applied.
"""

from collections.abc import Iterable
from typing import final

import numpy as np

from openal.ledger._events import Event
from openal.ledger._opinions import counted, differ
from openal.ledger._refusals import require_possible
from openal.ledger._rounds import Entry, History, Past
from openal.ledger._settings import Settings

__all__ = ["Answers"]


@final
class Answers:
    """The sum of the events so far, about `size` items and `classes` (K, or their names).

    `require_possible` of `_refusals` refuses an event; `apply` expects a checked one. `settings`
    are what it is about. `labels` has the answers that count by index, in answer order, and
    `annotators` who gave them; `opinions` what each said of an item that several answered. `rounds`
    is the history and `round_of` says which of its entries asked for an item last. `open` is the
    last round that was begun, `pending` what it waits for. `count` events are in the sum, which is
    `whole` unless an interrupt ended `apply`.
    """

    def __init__(self, size: int, classes: int | Iterable[str]) -> None:
        self.settings = Settings(size, classes)
        self.labels: dict[int, int] = {}
        self.annotators: dict[int, str] = {}
        self.opinions: dict[int, dict[str, int]] = {}
        self.rounds: list[Entry] = []
        self.round_of: dict[int, int] = {}
        self.open = -1
        self.pending: set[int] = set()
        self.count, self.whole = 0, True
        self._arrays: tuple[np.ndarray, np.ndarray] | None = None
        self._past: Past | None = None

    def check(self, event: Event) -> None:
        """Raise an `AnswerError` that names the first position where `event` cannot be."""
        require_possible(self, event)

    @property
    def size(self) -> int:
        """The number of items."""
        return self.settings.size

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.settings.classes

    def is_answered(self, index: int) -> bool:
        """Whether anybody said anything about an item, even if none of it counts."""
        return index in self.labels or index in self.opinions

    def said(self, index: int) -> dict[str | None, int]:
        """What each annotator said about an item, in the order given; None is nobody named."""
        if index in self.opinions:
            return dict[str | None, int](self.opinions[index].items())
        if index in self.labels:
            return {self.annotators.get(index): self.labels[index]}
        return {}

    def answered(self) -> list[int]:
        """The items about which anybody said anything."""
        return [*self.labels, *self.disputed()]

    def disputed(self) -> list[int]:
        """The items that count as unanswered since people disagree."""
        return [index for index in self.opinions if index not in self.labels]

    def disagreements(self) -> dict[int, dict[str, int]]:
        """What each said of the items of which not all said the same."""
        return {index: {**said} for index, said in self.opinions.items() if differ(said)}

    def effective(self, event: Event) -> Event | None:
        """The part of a checked `event` that changes something, or None."""
        if event.kind in ("answer", "opinion", "relabel"):
            event = self._changing(event)
        elif event.kind == "abandon":
            event = Event(event.kind, self.pending_in_order(), [])
        return event if event.indices or event.texts or event.kind == "round" else None

    def _changing(self, event: Event) -> Event:
        changes = self._relabels if event.kind == "relabel" else self._adds
        who = event.annotator
        rows = [
            row
            for row, (index, label) in enumerate(zip(event.indices, event.labels, strict=True))
            if changes(index, label, who)
        ]
        indices = [event.indices[row] for row in rows]
        beside = event.kind == "answer" and any(map(self.is_answered, indices))
        kind = "opinion" if beside else event.kind
        return Event(kind, indices, [event.labels[row] for row in rows], who)

    def _relabels(self, index: int, label: int, _: str | None) -> bool:
        return self.labels.get(index) != label or differ(self.opinions.get(index, {}))

    def _adds(self, index: int, _: int, who: str | None) -> bool:
        """Whether an answer is the first one, or the first of this annotator beside another's."""
        if not self.is_answered(index):
            return True
        said = self.said(index)
        return who is not None and who not in said and None not in said

    def apply(self, event: Event) -> None:
        """Make a checked event part of the sum; it is not `whole` where this does not end."""
        self.whole = False
        self._arrays = self._past = None
        self.settings.keys.update(zip(event.indices, event.keys or (), strict=False))
        if self.settings.apply(event):
            self._settle([*self.opinions] if event.kind == "policy" else [])
        else:
            self._apply(event)
        self.count += 1
        self.whole = True

    def _apply(self, event: Event) -> None:
        match event.kind:
            case "round":
                self._begin(event)
            case "retract":
                self._retract(event.indices)
            case "withdraw":
                self._withdraw(event)
            case "abandon":
                self.pending.difference_update(event.indices)
            case "opinion":
                self._answer_beside(event)
            case _:
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

    def history(self) -> History:
        """All rounds with the labels of today, oldest first."""
        if self._past is None:
            self._past = Past.of(self.rounds, self.labels, self.round_of)
        return History(self._past)

    def pending_in_order(self) -> list[int]:
        """What the open round still waits for, in query order."""
        indices = self.rounds[self.open].indices if self.pending else []
        return [index for index in indices if index in self.pending]

    def _begin(self, event: Event) -> None:
        self.open, self.pending = len(self.rounds), set(event.indices)
        self.round_of.update(dict.fromkeys(event.indices, self.open))
        scores = (event.scores, event.purity, event.informativeness)
        self.rounds.append(Entry(event.indices, True, scores))

    def _answer(self, event: Event) -> None:
        if event.kind != "relabel":
            self._note_unasked([i for i in event.indices if i not in self.pending])
        self.labels.update(zip(event.indices, event.labels, strict=True))
        self.pending.difference_update(event.indices)
        for index in event.indices:
            self.annotators.pop(index, None)
            self.opinions.pop(index, None)
        if event.annotator is not None:
            self.annotators.update(dict.fromkeys(event.indices, event.annotator))

    def _answer_beside(self, event: Event) -> None:
        """Answers of which some stand beside those of other annotators."""
        firsts = {row for row, i in enumerate(event.indices) if not self.is_answered(i)}
        who = str(event.annotator)
        for row, (index, label) in enumerate(zip(event.indices, event.labels, strict=True)):
            if row not in firsts:
                said = {str(name): given for name, given in self.said(index).items()}
                self.opinions[index] = {**said, who: label}
        self._answer(_rows(event, firsts))
        self._settle([i for row, i in enumerate(event.indices) if row not in firsts])

    def _withdraw(self, event: Event) -> None:
        several = [index for index in event.indices if index in self.opinions]
        self._retract([index for index in event.indices if index not in self.opinions])
        for index in several:
            self.opinions[index].pop(str(event.annotator), None)
        self._settle(several)
        for index in several:
            if len(self.opinions[index]) == 1:
                del self.opinions[index]

    def _settle(self, indices: list[int]) -> None:
        """Bring the answers that count up to date with the opinions about some items."""
        for index in indices:
            counts = counted(self.opinions[index], self.settings.policy)
            if counts is not None:
                self.annotators[index], self.labels[index] = counts
                self.pending.discard(index)
            elif index in self.labels:
                self._wait_again([index])
                del self.labels[index], self.annotators[index]

    def _note_unasked(self, indices: list[int]) -> None:
        """Put answers that no round asked for into one entry, in however many calls they come."""
        if indices and (not self.rounds or self.rounds[-1].begun):
            self.rounds.append(Entry([], False))
        number = len(self.rounds) - 1
        # One that was retracted and answered again may stand there already.
        news = [index for index in indices if self.round_of.get(index) != number]
        if news:
            self.rounds[-1].indices.extend(news)
            self.round_of.update(dict.fromkeys(news, number))

    def _retract(self, indices: list[int]) -> None:
        self._wait_again(indices)
        for index in indices:
            self.labels.pop(index, None)
            self.annotators.pop(index, None)
            self.opinions.pop(index, None)

    def _wait_again(self, indices: list[int]) -> None:
        """The open round waits for its items among these again, if it waits for anything."""
        again = [i for i in indices if self.pending and self.round_of[i] == self.open]
        self.pending.update(again)


def _rows(event: Event, rows: set[int]) -> Event:
    """The same answers, of some rows only."""
    return event.without({index for row, index in enumerate(event.indices) if row not in rows})
