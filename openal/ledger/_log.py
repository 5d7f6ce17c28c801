"""A list of events and their sum, in memory or with a file, which threads and interrupts spare.

A call counts once its event is in the list. The sum is made when it is read; where an interrupt, at
whatever line, leaves it half done, it is made anew. The list is also what a copy takes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import final

from openal._keys import Keys
from openal._locks import ThreadLock
from openal.errors import ArgumentError, LedgerError
from openal.ledger._answers import Answers
from openal.ledger._events import Event, Position
from openal.ledger._format import KEYED
from openal.ledger._journal import Ledger

__all__ = ["EventLog", "Make"]

Make = Callable[[Answers], Event | None]
"""Makes an event of the answers so far; None where there is nothing to record."""


@final
class EventLog:
    """The events about `size` items and `classes`, from the `ledger` if there is one.

    `guard` is the lock under which the sum is made and read; `keys` are those of the items, which
    a file is told of the items that are asked and answered.
    """

    def __init__(
        self,
        size: int,
        classes: tuple[str, ...],
        ledger: Ledger | None,
        events: list[Event],
        keys: Keys | None = None,
    ) -> None:
        self.guard, self.ledger, self.keys = ThreadLock(), ledger, keys
        self._given, self._events = (size, classes), events
        self._sum: Answers | None = None  # of the first events

    def record(self, make: Make) -> None:
        """Check an event against the latest answers and note what it changes; only then it counts.

        `make` tells it of these answers. Raises an AnswerError for an event that cannot be, a
        LedgerError for a file that cannot.
        """

        def checked() -> Event | None:
            answers = self.answers()
            event = make(answers)
            if event is None:
                return None
            answers.check(event)
            return self._keyed(answers.effective(event))

        with self.guard.lock:
            if self.ledger is not None:
                self.ledger.exchange(self._position(self.ledger), self._receive, checked)
            elif (change := checked()) is not None:
                self._events.append(change)

    def record_changes(self, makes: list[Make]) -> None:
        """Record what there is to record; nothing, where one of the `makes` refuses.

        A file in which all is as it should be is not written.
        """
        with self.guard.lock:
            events = [make(self.answers()) for make in makes]
        for make, event in zip(makes, events, strict=True):
            if event is not None:
                self.record(make)

    def _keyed(self, event: Event | None) -> Event | None:
        """The event with the keys of its items, where a file is to know them."""
        if self.ledger is None or self.keys is None or event is None or event.keys is not None:
            return event
        # Another process may know more items by now, and tell their keys.
        known = event.kind in KEYED and max(event.indices, default=0) < len(self.keys)
        return replace(event, keys=self.keys.at(event.indices)) if known else event

    def refresh(self) -> None:
        """Read what came into the file since."""
        with self.guard.lock:
            if self.ledger is not None:
                self.ledger.read(self._position(self.ledger), self._receive)

    def answers(self) -> Answers:
        """The sum of all events; to be called and read under the lock."""
        answers = self._sum
        if answers is None or not answers.whole:  # an interrupt ended `apply`
            answers = self._sum = Answers(*self.begun_with)
        for event in self._events[answers.count :]:
            answers.apply(event)
        return answers

    def label_of(self, name: str) -> int:
        """The label that a name stands for; an AnswerError says which names there are."""
        with self.guard.lock:
            return self.answers().settings.label_of(name)

    @property
    def begun_with(self) -> tuple[int, tuple[str, ...]]:
        """The size and the classes before any event, those of a file once it was read."""
        return self._given if self.ledger is None else self.ledger.begun_with

    def events(self) -> list[Event]:
        """All events so far, in a list of the caller's own."""
        with self.guard.lock:
            return [*self._events]

    def _receive(self, event: Event) -> None:
        """Note an event of the file, which is trusted as little as a user's."""
        try:
            self.answers().check(event)
        except ArgumentError as error:
            path = self.ledger and self.ledger.path
            raise LedgerError(f"{path} contradicts itself: {error}") from error
        self._events.append(event)

    def _position(self, ledger: Ledger) -> Position:
        """Where in the file the last event stands that was read."""
        return (self._events[-1].position if self._events else None) or ledger.first
