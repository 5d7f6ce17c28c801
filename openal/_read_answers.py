"""What a labeled set tells: answers as arrays, counts, rounds and data sets; nothing is written.

`openal.labeled` adds the calls that record.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from openal._items import AnsweredSubset, check_dataset
from openal._keys import Keys
from openal.ledger._events import SKIPPED, UNKNOWN
from openal.ledger._log import EventLog
from openal.view import Round

__all__ = ["ReadAnswers"]


class ReadAnswers:
    """The answers of a labeled set, as far as this object has read them."""

    _log: EventLog

    @property
    def size(self) -> int:
        """The number of items that can be asked about."""
        with self._log.guard.lock:
            return self._log.answers().size

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; "0", "1", ... where only their number was given."""
        with self._log.guard.lock:
            return self._log.answers().classes

    @property
    def num_classes(self) -> int:
        """K, the number of known classes."""
        return len(self.classes)

    @property
    def keys(self) -> Keys | None:
        """The names of the items by index, where they were given: `labeled.keys[7]`."""
        return self._log.keys

    @property
    def policy(self) -> str:
        """What counts where annotators disagree: "first", "majority" or "ask"."""
        with self._log.guard.lock:
            return self._log.answers().settings.policy

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
        """The items answered `UNKNOWN`: int64 [v], in answer order.

        After `add_class` some of them may be of the new class: these are the ones to ask again.
        """
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

        >>> from openal import LabeledSet
        >>> LabeledSet(10, classes=["cat", "dog"]).counts
        {'cat': 0, 'dog': 0, 'UNKNOWN': 0, 'SKIPPED': 0}
        """
        ids, classes = self._arrays()[1] - SKIPPED, self.classes  # read last: never fewer than K
        skipped, unknown, *known = np.bincount(ids, minlength=len(classes) + 2).tolist()
        by_class = dict(zip(classes, known, strict=True))
        return {**by_class, "UNKNOWN": unknown, "SKIPPED": skipped}

    @property
    def annotators(self) -> dict[int, str]:
        """Who gave the answer that counts, by index; only those that came with an annotator."""
        with self._log.guard.lock:
            return dict(self._log.answers().annotators)

    @property
    def disagreements(self) -> dict[int, dict[str, int]]:
        """The items of which not all annotators said the same: who said what, in their order.

        >>> from openal import LabeledSet
        >>> labeled = LabeledSet(10, classes=["cat", "dog"])
        >>> labeled.add(3, "cat", annotator="ann")
        >>> labeled.add(3, "dog", annotator="bob")
        >>> labeled.disagreements, labeled.known_labels
        ({3: {'ann': 0, 'bob': 1}}, array([0]))
        """
        with self._log.guard.lock:
            return self._log.answers().disagreements()

    @property
    def disputed_indices(self) -> np.ndarray:
        """The items that count as unanswered since annotators disagree (policy "ask"): int64.

        In the open round they are pending again. Of a round before they are unlabeled again: ask
        about them in a round of their own, or settle each by `relabel`.
        """
        with self._log.guard.lock:
            return np.array(self._log.answers().disputed(), np.int64)

    @property
    def history(self) -> Sequence[Round]:
        """All rounds, oldest first, each made when it is looked at; every answer is in one of them.

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

        >>> from openal import SKIPPED, UNKNOWN, LabeledSet
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
        its other inputs: (x1, x2, y) gives (x1, x2, class). A dict, as data sets of Hugging Face
        have them, keeps all its columns; the class stands in its column "label", "labels",
        "target", "targets" or "y", or is added as "label". `.classes` are the names, `.targets`
        the ids.

        >>> from openal import UNKNOWN, LabeledSet
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
        disputed = len(self.disputed_indices)
        classes = self.classes if self.num_classes <= 6 else self.num_classes
        parts = [
            f"size={self.size}, classes={classes}",
            *([] if self.path is None else [f"path={str(self.path)!r}"]),
            f"{len(self.known_indices)} known",
            f"{len(self.unknown_indices)} unknown",
            f"{len(self.skipped_indices)} skipped",
            *([f"{pending} pending"] if pending else []),
            *([f"{disputed} disputed"] if disputed else []),
        ]
        return f"LabeledSet({', '.join(parts)})"

    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """All answered indices and their labels, in answer order."""
        with self._log.guard.lock:
            return self._log.answers().arrays()

    def _indices_of(self, label: int) -> np.ndarray:
        indices, labels = self._arrays()
        return np.asarray(indices[labels == label])
