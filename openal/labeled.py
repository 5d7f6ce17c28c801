"""The ledger of answers: what people said about which item, and what is still to be asked.

A `LabeledSet` shows the sum of its events (answers, rounds, classes that were added...), which
`openal.ledger` keeps. What it tells is in `openal._read_answers`.
"""

import os
from collections.abc import Iterable
from typing import Any, final

import numpy as np

from openal._checks import as_count
from openal._keys import Keys
from openal._read_answers import ReadAnswers
from openal.errors import AnswerError, LedgerError
from openal.ledger import _events
from openal.ledger._events import SKIPPED, UNKNOWN, Asked, Event
from openal.ledger._journal import Ledger
from openal.ledger._log import EventLog
from openal.ledger._matching import matched_events
from openal.ledger._opening import added_class, changed_policy, grow, opened
from openal.ledger._settings import class_names, policy_name

__all__ = ["SKIPPED", "UNKNOWN", "LabeledSet"]


@final
class LabeledSet(ReadAnswers):
    """Remembers every answer that people gave about the items 0..size-1 of a dataset.

    With `path` they are in an SQLite file, created or continued; a call has reached the disk when
    it returns, whole or not at all. Several processes may write the same file: each call that
    writes first reads what the others wrote. The properties tell what this object has read;
    `refresh()` reads on. Nothing stays open between calls; after `close()`, or a `with` block, only
    the properties work. Threads may share one object, and a forked child may go on with it. A copy,
    and an unpickled one, has the answers in memory and never writes the file.

    Args:
        size: the number of items. That of a file may grow: more items at its end.
        classes: their number K, or K unique names. An answer is a class 0..K-1, `UNKNOWN` or
            `SKIPPED`. For a file that is there, names may be added at the end.
        path: the file; None keeps the answers in memory.
        keys: a unique string for each item, such as its file or its id. The file keeps a checksum
            of them, and the keys of what is asked; other items are then refused.
        policy: which answer counts where annotators disagree: the "first" (default), that of the
            "majority" (of several the first), or none, "ask", until one has more opinions.

    Raises:
        ArgumentError: a size, classes, keys or a policy that cannot be right.
        LedgerError: a file that cannot be used, or is about other items or classes.

    >>> labeled = LabeledSet(10, classes=["cat", "dog"])
    >>> labeled.add([7, 2, 5], [1, UNKNOWN, 0])
    >>> labeled.known_indices, labeled.known_labels
    (array([7, 5]), array([1, 0]))
    >>> labeled
    LabeledSet(size=10, classes=('cat', 'dog'), 2 known, 1 unknown, 0 skipped)
    """

    def __init__(
        self,
        size: int,
        classes: int | Iterable[str],
        path: str | os.PathLike[str] | None = None,
        *,
        keys: Iterable[str] | None = None,
        policy: str | None = None,
    ) -> None:
        self._closed, size, names = False, as_count(size, "size"), class_names(classes)
        named = None if keys is None else Keys.of(keys, size)
        policy = None if policy is None else policy_name(policy)
        self._log = opened(path, size, names, named, policy)

    def add(self, indices: Any, labels: Any, *, annotator: str | None = None) -> None:
        """Record answers: `labels[i]` is 0..K-1, `UNKNOWN` or `SKIPPED` for item `indices[i]`.

        Strings are keys, and names of classes, "UNKNOWN" or "SKIPPED". All or nothing: an
        `AnswerError` names the first pair that cannot be, and none is recorded. The same answer
        again changes nothing. Another answer is refused, see `relabel`, but for that of another
        annotator: it is recorded beside the first, and `policy` says which of them counts. One
        index with one label may be given as they are.

        >>> labeled = LabeledSet(10, classes=2)
        >>> labeled.add([3, 4], [0, 2])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        openal.errors.AnswerError: Position 1, index 4: label 2 is not one of 0..1, UNKNOWN (-1)...
        """
        self._record(self._said("answer", indices, labels, annotator))

    def relabel(self, indices: Any, labels: Any, *, annotator: str | None = None) -> None:
        """Replace answers; each index must have one, and keeps its place in the answer order.

        Where the answer changes, so does its annotator (to none, if none is given). It is the last
        word about an item: the opinions of all who answered before are replaced by it.
        """
        self._record(self._said("relabel", indices, labels, annotator))

    def retract(self, indices: Any, *, annotator: str | None = None) -> None:
        """Take answers back: the items are unlabeled again, and no longer counted as spent.

        With `annotator` only the answers of that one; what others said stays. In the open round
        the items are pending again; a round that was complete stays complete.
        """
        self._record(_events.retracted(indices, annotator, self._index_of))

    def add_class(self, name: str) -> int:
        """Add a class at the end, in the file too, and tell its number; answers stay as they are.

        A class of that name that is there already stays where it is. Items answered `UNKNOWN`
        before may be of the new class: ask again about `unknown_indices`, see `relabel`.

        >>> labeled = LabeledSet(10, classes=["cat", "dog"])
        >>> labeled.add_class("owl"), labeled.classes
        (2, ('cat', 'dog', 'owl'))
        """
        (checked,) = class_names([name])
        self._refuse_closed()
        self._log.record(added_class(checked))
        return self.classes.index(checked)

    def grow(self, size: int, *, keys: Iterable[str] | None = None) -> None:
        """Add items at the end, in the file too; item i stays item i, and answers stay as they are.

        With keys give those of all items, the old ones first. A smaller size is refused.

        >>> labeled = LabeledSet(2, classes=["cat", "dog"])
        >>> labeled.grow(3)
        >>> labeled.size, labeled.unlabeled_indices
        (3, array([0, 1, 2]))
        """
        size = as_count(size, "size")
        self._refuse_closed()
        grow(self._log, size, None if keys is None else Keys.of(keys, size))

    def matched(
        self, keys: Iterable[str], path: str | os.PathLike[str] | None = None
    ) -> "LabeledSet":
        """The same answers and rounds about the items of `keys`, in their order.

        For a pool that was built anew, in which an item may have another index. It is in memory,
        or in a new file at `path`; this one stays as it is. Answers about items that are not among
        the keys are left out, with a warning that names the first.

        >>> labeled = LabeledSet(3, classes=["cat", "dog"], keys=["a.jpg", "b.jpg", "c.jpg"])
        >>> labeled.add(["a.jpg", "c.jpg"], ["cat", "dog"])
        >>> labeled.matched(["c.jpg", "d.jpg", "a.jpg", "b.jpg"]).answers()
        (array([2, 0]), array([0, 1]))
        """
        named, classes = Keys.of(keys), self._log.begun_with[1]
        events = matched_events(self._log, named)
        if path is None:
            return _copied(len(named), classes, events, named)
        Ledger(path, len(named), classes, events)
        return LabeledSet(len(named), self.classes, path, keys=named)

    def set_policy(self, policy: str) -> None:
        """Say which answer counts where annotators disagree, in the file and for all its readers.

        "first", "majority" or "ask", see `LabeledSet`; what was answered before is judged anew.
        """
        self._refuse_closed()
        self._log.record(changed_policy(policy_name(policy)))

    def begin_round(self, query: Asked) -> None:
        """Note that `query` is being asked, so that an interrupted round can be continued.

        `pending_indices` then tells what is left to ask. Refused while another round is pending.
        Methods that learn across rounds take for a round what was begun here, and nothing else.

        >>> from types import SimpleNamespace
        >>> labeled = LabeledSet(10, classes=2)
        >>> labeled.begin_round(SimpleNamespace(indices=[6, 1, 8]))
        >>> labeled.add(1, UNKNOWN)
        >>> labeled.pending_indices
        array([6, 8])
        """
        self._record(_events.asked(query))

    def abandon_round(self) -> None:
        """Close the open round, which nobody will finish; without one, nothing happens.

        What was answered stays; the rest may be asked again. openal 0.1.0 then refuses the file.

        >>> from types import SimpleNamespace
        >>> labeled = LabeledSet(10, classes=2)
        >>> labeled.begin_round(SimpleNamespace(indices=[6, 1, 8]))
        >>> labeled.add(1, 0)
        >>> labeled.abandon_round()
        >>> len(labeled.pending_indices), len(labeled)
        (0, 1)
        """
        self._record(_events.abandoned())

    def refresh(self) -> None:
        """Read what other processes wrote to the file since; in memory there is nothing to do."""
        if self.path is not None:
            self._refuse_closed()
            self._log.refresh()

    def close(self) -> None:
        """Refuse to write or refresh from now on; the answers can still be read."""
        self._closed = True

    def __enter__(self) -> "LabeledSet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _copied, (*self._log.begun_with, self._log.events(), self.keys)

    def _said(self, kind: str, indices: Any, labels: Any, annotator: Any) -> Event:
        names = self._index_of, self._label_of
        return _events.answered(kind, indices, labels, annotator, names)

    def _index_of(self, key: str) -> int:
        index = None if self.keys is None else self.keys.index_of(key)
        if index is None:
            ways = "one of its keys" if self.keys else "a key where keys= were given"
            raise AnswerError(f"an integer was expected, or {ways}.")
        return index

    def _label_of(self, name: str) -> int:
        """The label of a name; another process may have added the class."""
        try:
            return self._log.label_of(name)
        except AnswerError:
            self.refresh()
            return self._log.label_of(name)

    def _record(self, event: Event) -> None:
        self._refuse_closed()
        self._log.record(lambda _: event)

    def _without(self, indices: np.ndarray) -> "LabeledSet":
        """What is left, in memory, without the answers about items that have no values."""
        if not np.isin(self._arrays()[0], indices).any():
            return self
        left_out = {*indices.tolist()}
        events = [event.without(left_out) for event in self._log.events()]
        return _copied(*self._log.begun_with, events, self.keys)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise LedgerError("This labeled set was closed. Open it again to write.")


def _copied(
    size: int, classes: tuple[str, ...], events: list[Event], keys: Keys | None
) -> LabeledSet:
    """The same answers in memory."""
    copied = LabeledSet(size, classes)
    copied._log = EventLog(size, classes, None, events, keys)
    return copied
