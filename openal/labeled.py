"""The ledger of answers: what people said about which item, and what is still to be asked.

A `LabeledSet` is the sum of its events (answer, relabel, retract, round). With `path` the events
are also kept in a file (`openal.ledger._journal`) and summed up again when it is opened.
"""

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

import numpy as np

from openal._items import AnsweredSubset, check_dataset
from openal.errors import ArgumentError, LedgerError
from openal.ledger._answers import SKIPPED, UNKNOWN, Answers, Asked, answered, asked, retracted
from openal.ledger._journal import Event, Ledger
from openal.view import Round

__all__ = ["SKIPPED", "UNKNOWN", "LabeledSet"]


@final
class LabeledSet:
    """Remembers every answer that people gave about the items 0..size-1 of a dataset.

    `classes` is their number K, or K unique names. An answer is a class 0..K-1, `UNKNOWN` or
    `SKIPPED`. Without `path` the answers are in memory (and can be pickled and copied).

    With `path` they are in an SQLite file, created or continued; a call has reached the disk when
    it returns, whole or not at all. Several processes may write the same file: each call that
    writes first reads what the others wrote. The properties tell what this object has read;
    `refresh()` reads on. A copy or an unpickled one reopens the file. Nothing stays open between
    calls; after `close()`, or a `with` block, only the properties work.

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
        self._state = Answers(size, classes)
        self._closed = False
        self._lock = threading.RLock()
        self._ledger = None if path is None else Ledger(path, self.size, self.classes)
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
        self._record(answered("answer", indices, labels, annotator))

    def relabel(self, indices: Any, labels: Any, *, annotator: str | None = None) -> None:
        """Replace answers; each index must have one, and keeps its place in the answer order.

        Where the answer changes, so does its annotator (to none, if none is given).
        """
        self._record(answered("relabel", indices, labels, annotator))

    def retract(self, indices: Any) -> None:
        """Take answers back: the items are unlabeled again, and no longer counted as spent.

        In the open round they are pending again; a round that was complete stays complete.
        """
        self._record(retracted(indices))

    def begin_round(self, query: Asked) -> None:
        """Note that `query` is being asked, so that an interrupted round can be continued.

        `pending_indices` then tells what is left to ask. Refused while another round is pending.

        >>> from types import SimpleNamespace
        >>> labeled = LabeledSet(10, classes=2)
        >>> labeled.begin_round(SimpleNamespace(indices=[6, 1, 8]))
        >>> labeled.add(1, UNKNOWN)
        >>> labeled.pending_indices
        array([6, 8])
        """
        self._record(asked(query))

    def refresh(self) -> None:
        """Read what other processes wrote to the file since; in memory there is nothing to do."""
        with self._lock:
            if self._ledger is not None:
                self._refuse_closed()
                self._ledger.read(self._receive)

    def close(self) -> None:
        """Refuse to write or refresh from now on; the answers can still be read."""
        self._closed = True

    @property
    def size(self) -> int:
        """The number of items that can be asked about."""
        return self._state.size

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; "0", "1", ... where only their number was given."""
        return self._state.classes

    @property
    def num_classes(self) -> int:
        """K, the number of known classes."""
        return len(self.classes)

    @property
    def path(self) -> Path | None:
        """The absolute path of the file, or None in memory."""
        return None if self._ledger is None else self._ledger.path

    @property
    def known_indices(self) -> np.ndarray:
        """The items that are of a known class: int64 [m], in answer order."""
        indices, labels = self._answers()
        return indices[labels >= 0]

    @property
    def known_labels(self) -> np.ndarray:
        """The classes of `known_indices`: int64 [m]."""
        labels = self._answers()[1]
        return labels[labels >= 0]

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
        mask[self._answers()[0]] = False
        return np.flatnonzero(mask).astype(np.int64, copy=False)

    @property
    def pending_indices(self) -> np.ndarray:
        """The items of the open round that have no answer yet: int64, in query order."""
        with self._lock:
            return np.array(self._state.pending_in_order(), np.int64)

    @property
    def counts(self) -> dict[str, int]:
        """The number of answers by class name, then by "UNKNOWN" and "SKIPPED".

        >>> LabeledSet(10, classes=["cat", "dog"]).counts
        {'cat': 0, 'dog': 0, 'UNKNOWN': 0, 'SKIPPED': 0}
        """
        ids = self._answers()[1] - SKIPPED
        skipped, unknown, *known = np.bincount(ids, minlength=self.num_classes + 2).tolist()
        by_class = dict(zip(self.classes, known, strict=True))
        return {**by_class, "UNKNOWN": unknown, "SKIPPED": skipped}

    @property
    def annotators(self) -> dict[int, str]:
        """Who answered, by index; only the answers that came with an annotator."""
        with self._lock:
            return dict(self._state.annotators)

    @property
    def history(self) -> tuple[Round, ...]:
        """All rounds, oldest first; every answer is in exactly one of them.

        An `add` of items that no open round asked for makes a round of its own, without scores.
        Labels are those of today, after any `relabel`. A retracted item stays in its round with
        the label `PENDING`, even when it is asked and answered again in a later one.
        """
        with self._lock:
            return self._state.history()

    def known_subset(self, dataset: Any) -> AnsweredSubset:
        """A torch dataset of (x, class) for each item of a known class, in answer order.

        `dataset` is the dataset the indices are about; a label in it is never used.

        >>> labeled = LabeledSet(3, classes=2)
        >>> labeled.add([2, 0, 1], [1, 0, UNKNOWN])
        >>> list(labeled.known_subset(["a", "b", "c"]))
        [('c', 1), ('a', 0)]
        """
        return self._subset(dataset, lowest=0)

    def detector_subset(self, dataset: Any) -> AnsweredSubset:
        """`known_subset` and the unknown items as class K, all in answer order."""
        return self._subset(dataset, lowest=UNKNOWN)

    def __len__(self) -> int:
        """The number of answers spent: known, unknown and skipped."""
        return len(self._state.labels)

    def __repr__(self) -> str:
        parts = [
            f"size={self.size}",
            f"classes={self.classes if self.num_classes <= 6 else self.num_classes}",
            *([] if self.path is None else [f"path={str(self.path)!r}"]),
            f"{len(self.known_indices)} known",
            f"{len(self.unknown_indices)} unknown",
            f"{len(self.skipped_indices)} skipped",
            *([f"{len(self._state.pending)} pending"] if self._state.pending else []),
        ]
        return f"LabeledSet({', '.join(parts)})"

    def __enter__(self) -> "LabeledSet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is not None:
            return _reopened, (self.size, self.classes, self.path)
        with self._lock:
            state = {name: value for name, value in vars(self).items() if name != "_lock"}
        return LabeledSet, (self.size, self.classes), state

    def _record(self, event: Event) -> None:
        """Validate `event` against the latest state, write it, then make it part of the state."""

        def checked() -> Event | None:
            self._state.check(event)
            return self._state.effective(event)

        with self._lock:
            self._refuse_closed()
            if self._ledger is not None:
                self._ledger.exchange(self._receive, checked)
            elif (news := checked()) is not None:
                self._state.apply(news)

    def _without(self, indices: np.ndarray) -> "LabeledSet":
        """What is left, in memory, without the answers about items that have no values."""
        with self._lock:
            if not np.isin(self._state.arrays()[0], indices).any():
                return self
            kept = LabeledSet(self.size, self.classes)
            kept._state = self._state.without({*indices.tolist()})
        return kept

    def _receive(self, event: Event) -> None:
        """Make `event` part of the state; one from a file is trusted as little as a user's."""
        try:
            self._state.check(event)
        except ArgumentError as error:
            raise LedgerError(f"{self.path} contradicts itself: {error}") from error
        self._state.apply(event)

    def _answers(self) -> tuple[np.ndarray, np.ndarray]:
        with self._lock:
            return self._state.arrays()

    def _indices_of(self, label: int) -> np.ndarray:
        indices, labels = self._answers()
        found: np.ndarray = indices[labels == label]
        return found

    def _refuse_closed(self) -> None:
        if self._closed:
            raise LedgerError("This labeled set was closed. Open it again to write.")

    def _subset(self, dataset: Any, *, lowest: int) -> AnsweredSubset:
        check_dataset(dataset, self.size)
        indices, labels = self._answers()
        taken = labels >= lowest
        classes = np.where(labels == UNKNOWN, self.num_classes, labels)
        return AnsweredSubset(dataset, indices[taken], classes[taken])


def _reopened(size: int, classes: tuple[str, ...], path: Path) -> LabeledSet:
    if not path.exists():
        raise LedgerError(f"{path} is not there; a copied labeled set does not begin a new file.")
    return LabeledSet(size, classes, path)
