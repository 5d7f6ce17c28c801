"""The ledger of answers: what people said about which item, and what is still to be asked.

A `LabeledSet` shows the sum of its events (answer, relabel, retract, round, abandon), which
`openal.ledger` keeps.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

import numpy as np

from openal._checks import as_count
from openal._items import AnsweredSubset, check_dataset
from openal.errors import LedgerError
from openal.ledger import _events
from openal.ledger._events import SKIPPED, UNKNOWN, Asked, Event
from openal.ledger._journal import Ledger
from openal.ledger._log import EventLog
from openal.view import Round

__all__ = ["SKIPPED", "UNKNOWN", "LabeledSet"]


@final
class LabeledSet:
    """Remembers every answer that people gave about the items 0..size-1 of a dataset.

    With `path` they are in an SQLite file, created or continued; a call has reached the disk when
    it returns, whole or not at all. Several processes may write the same file: each call that
    writes first reads what the others wrote. The properties tell what this object has read;
    `refresh()` reads on. Nothing stays open between calls; after `close()`, or a `with` block, only
    the properties work. Threads may share one object, and a forked child may go on with it. A copy,
    and an unpickled one, has the answers in memory and never writes the file.

    Args:
        size: the number of items.
        classes: their number K, or K unique names. An answer is a class 0..K-1, `UNKNOWN` or
            `SKIPPED`.
        path: the file; None keeps the answers in memory.

    Raises:
        ArgumentError: a size or classes that cannot be right.
        LedgerError: a file that cannot be used, or is about other items or classes.

    >>> labeled = LabeledSet(10, classes=["cat", "dog"])
    >>> labeled.add([7, 2, 5], [1, UNKNOWN, 0])
    >>> labeled.known_indices, labeled.known_labels
    (array([7, 5]), array([1, 0]))
    >>> labeled
    LabeledSet(size=10, classes=('cat', 'dog'), 2 known, 1 unknown, 0 skipped)
    """

    def __init__(
        self, size: int, classes: int | Iterable[str], path: str | os.PathLike[str] | None = None
    ) -> None:
        self._size, self._classes = as_count(size, "size"), _events.class_names(classes)
        self._closed = False
        ledger = None if path is None else Ledger(path, self.size, self.classes)
        self._log = EventLog(self.size, self.classes, ledger, [])
        self.refresh()

    def add(self, indices: Any, labels: Any, *, annotator: str | None = None) -> None:
        """Record answers: `labels[i]` is 0..K-1, `UNKNOWN` or `SKIPPED` for item `indices[i]`.

        All or nothing: an `AnswerError` names the first pair that cannot be, and none is recorded.
        The same answer again changes nothing (the first annotator stays); another answer is
        refused, see `relabel`. One index with one label may be given as two integers.

        >>> labeled = LabeledSet(10, classes=2)
        >>> labeled.add([3, 4], [0, 2])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        openal.errors.AnswerError: Position 1, index 4: label 2 is not one of 0..1, UNKNOWN (-1)...
        """
        self._record(_events.answered("answer", indices, labels, annotator))

    def relabel(self, indices: Any, labels: Any, *, annotator: str | None = None) -> None:
        """Replace answers; each index must have one, and keeps its place in the answer order.

        Where the answer changes, so does its annotator (to none, if none is given).
        """
        self._record(_events.answered("relabel", indices, labels, annotator))

    def retract(self, indices: Any) -> None:
        """Take answers back: the items are unlabeled again, and no longer counted as spent.

        In the open round they are pending again; a round that was complete stays complete.
        """
        self._record(_events.retracted(indices))

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

    @property
    def size(self) -> int:
        """The number of items that can be asked about."""
        return self._size

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; "0", "1", ... where only their number was given."""
        return self._classes

    @property
    def num_classes(self) -> int:
        """K, the number of known classes."""
        return len(self.classes)

    @property
    def path(self) -> Path | None:
        """The absolute path of the file, or None in memory."""
        return None if self._log.ledger is None else self._log.ledger.path

    @property
    def known_indices(self) -> np.ndarray:
        """The items that are of a known class: int64 [m], in answer order."""
        return self.answers(known_only=True)[0]

    @property
    def known_labels(self) -> np.ndarray:
        """The classes of `known_indices`: int64 [m]."""
        return self.answers(known_only=True)[1]

    @property
    def unknown_indices(self) -> np.ndarray:
        """The items answered `UNKNOWN`: int64 [v], in answer order."""
        return self._indices_of(UNKNOWN)

    @property
    def skipped_indices(self) -> np.ndarray:
        """The items answered `SKIPPED`: int64, in answer order."""
        return self._indices_of(SKIPPED)

    @property
    def unlabeled_indices(self) -> np.ndarray:
        """The items without an answer, also those of the open round: int64, ascending."""
        mask = np.ones(self.size, bool)
        mask[self._arrays()[0]] = False
        return np.flatnonzero(mask).astype(np.int64, copy=False)

    @property
    def pending_indices(self) -> np.ndarray:
        """The items of the open round that have no answer yet: int64, in query order."""
        with self._log.guard.lock:
            return np.array(self._log.answers().pending_in_order(), np.int64)

    @property
    def counts(self) -> dict[str, int]:
        """The number of answers by class name, then by "UNKNOWN" and "SKIPPED".

        >>> LabeledSet(10, classes=["cat", "dog"]).counts
        {'cat': 0, 'dog': 0, 'UNKNOWN': 0, 'SKIPPED': 0}
        """
        ids = self._arrays()[1] - SKIPPED
        skipped, unknown, *known = np.bincount(ids, minlength=self.num_classes + 2).tolist()
        by_class = dict(zip(self.classes, known, strict=True))
        return {**by_class, "UNKNOWN": unknown, "SKIPPED": skipped}

    @property
    def annotators(self) -> dict[int, str]:
        """Who answered, by index; only the answers that came with an annotator."""
        with self._log.guard.lock:
            return dict(self._log.answers().annotators)

    @property
    def history(self) -> tuple[Round, ...]:
        """All rounds, oldest first; every answer is in exactly one of them.

        A round is what `begin_round` began. Answers that no round had asked for, such as the first
        ones, are an entry without scores that is not `begun`: one between two rounds, in however
        many calls they were added. Labels are those of today, after any `relabel`. An item that was
        retracted or abandoned stays in its round with the label `PENDING`, even when it is answered
        in a later one.
        """
        with self._log.guard.lock:
            return self._log.answers().history()

    def answers(self, *, known_only: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """The items answered with a class or UNKNOWN, and their classes: two int64 [m].

        They are in answer order. An unknown item has the class K; with `known_only` it is left out.

        >>> labeled = LabeledSet(9, classes=2)
        >>> labeled.add([7, 2, 5, 3], [1, UNKNOWN, 0, SKIPPED])
        >>> labeled.answers()
        (array([7, 2, 5]), array([1, 2, 0]))
        """
        indices, labels = self._arrays()
        taken = labels >= (0 if known_only else UNKNOWN)
        return indices[taken], np.where(labels == UNKNOWN, self.num_classes, labels)[taken]

    def known_subset(self, dataset: Any) -> AnsweredSubset:
        """A torch dataset of (x, class) for each item of a known class, in answer order.

        `dataset` is the dataset the indices are about; a label in it is never used. A sample keeps
        its other inputs: (x1, x2, y) gives (x1, x2, class), and a dict of more arrays than its
        input and its label gives (the dict, class). `.classes` are the names, `.targets` the ids.

        >>> labeled = LabeledSet(3, classes=2)
        >>> labeled.add([2, 0, 1], [1, 0, UNKNOWN])
        >>> list(labeled.known_subset(["a", "b", "c"]))
        [('c', 1), ('a', 0)]
        """
        check_dataset(dataset, self.size)
        return AnsweredSubset(dataset, *self.answers(known_only=True), self.classes)

    def detector_subset(self, dataset: Any) -> AnsweredSubset:
        """`known_subset` and the unknown items as class K, "UNKNOWN", all in answer order."""
        check_dataset(dataset, self.size)
        return AnsweredSubset(dataset, *self.answers(), (*self.classes, "UNKNOWN"))

    def __len__(self) -> int:
        """The number of answers spent: known, unknown and skipped."""
        return len(self._arrays()[0])

    def __repr__(self) -> str:
        pending = len(self.pending_indices)
        classes = self.classes if self.num_classes <= 6 else self.num_classes
        parts = [
            f"size={self.size}, classes={classes}",
            *([] if self.path is None else [f"path={str(self.path)!r}"]),
            f"{len(self.known_indices)} known",
            f"{len(self.unknown_indices)} unknown",
            f"{len(self.skipped_indices)} skipped",
            *([f"{pending} pending"] if pending else []),
        ]
        return f"LabeledSet({', '.join(parts)})"

    def __enter__(self) -> "LabeledSet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _copied, (self.size, self.classes, self._log.events())

    def _record(self, event: Event) -> None:
        self._refuse_closed()
        self._log.record(event)

    def _without(self, indices: np.ndarray) -> "LabeledSet":
        """What is left, in memory, without the answers about items that have no values."""
        if not np.isin(self._arrays()[0], indices).any():
            return self
        left_out = {*indices.tolist()}
        events = [event.without(left_out) for event in self._log.events()]
        return _copied(self.size, self.classes, events)

    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """All answered indices and their labels, in answer order."""
        with self._log.guard.lock:
            return self._log.answers().arrays()

    def _indices_of(self, label: int) -> np.ndarray:
        indices, labels = self._arrays()
        return np.asarray(indices[labels == label])

    def _refuse_closed(self) -> None:
        if self._closed:
            raise LedgerError("This labeled set was closed. Open it again to write.")


def _copied(size: int, classes: tuple[str, ...], events: list[Event]) -> LabeledSet:
    """The same answers in memory."""
    copied = LabeledSet(size, classes)
    copied._log = EventLog(size, classes, None, events)
    return copied
