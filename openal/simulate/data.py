"""Labeled data whose labels no strategy sees, and the held-out items that measure accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch.utils.data import Subset

from openal._checks import as_indices, as_integers
from openal.errors import ArgumentError
from openal.pool import Frozen, Learner, Pool
from openal.simulate.classes import class_names
from openal.simulate.split import OpenSetSplit

__all__ = ["HeldOutItems", "LabeledData", "held_out_items", "require_readable"]


@final
class LabeledData:
    """Items with class ids [n], and what a pool of them offers: a dataset, arrays, frozen learners.

    `items` is a map-style data set, of which no y is read, or None. Signals are those of `Pool`.

    >>> data = LabeledData([0, 2, 1], names=["cat", "dog", "owl"], embeddings=np.eye(3))
    >>> data.pool([2, 0])
    Pool(size=2, signals=['embeddings'])
    """

    def __init__(
        self,
        labels: Any,
        items: Any = None,
        /,
        *,
        names: Sequence[str] | None = None,
        **signals: Any,
    ) -> None:
        self.labels = as_integers(labels, "labels")
        self.names = class_names(names, self.labels)
        self._items, self._signals = items, signals
        everything = Pool(items, **signals)
        if len(everything) != len(self.labels):
            raise ArgumentError(f"labels has {len(self.labels)} rows; the items {len(everything)}.")

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"LabeledData(size={len(self)}, classes={len(self.names)})"

    @property
    def offers(self) -> tuple[str, ...]:
        """The names of the signals, and "items" where there is a data set; sorted."""
        return tuple(sorted({*self._signals} | ({"items"} if self._items is not None else set())))

    @property
    def learners(self) -> dict[str, Learner]:
        """The signals that a learner is trained for in every round, by name."""
        found = self._signals.items()
        return {name: value for name, value in found if isinstance(value, Learner)}

    def pool(self, indices: Any) -> Pool:
        """A pool 0..m-1 of the items at `indices` [m]; without their labels."""
        indices = as_indices(indices, "indices", size=len(self))
        # A list: Arrow datasets refuse numpy.int64.
        items = None if self._items is None else Subset(self._items, indices.tolist())
        return Pool(
            items, **{name: _rows(signal, indices) for name, signal in self._signals.items()}
        )


def _rows(signal: Any, indices: np.ndarray) -> Any:
    """The rows of an array; a learner computes its own."""
    if isinstance(signal, torch.Tensor):
        return signal[torch.from_numpy(indices).to(signal.device)]
    return signal[indices] if isinstance(signal, np.ndarray) else signal


@dataclass(frozen=True, eq=False)
class HeldOutItems:
    """A `pool` of n test items of known classes, and their `labels` [n] in 0..K-1."""

    pool: Pool
    labels: np.ndarray

    def predicted(self, model: Frozen, progress: bool | None) -> np.ndarray:
        """The class with the largest logit, of each test item [n]."""
        indices = np.arange(len(self.labels))
        logits = model.signals(self.pool, indices, ("logits",), progress=progress)["logits"]
        classes: np.ndarray = logits.argmax(dim=1).cpu().numpy()
        return classes

    def accuracy(self, model: Frozen, progress: bool | None) -> float:
        """The share of test items whose class has the largest logit."""
        return float((self.predicted(model, progress) == self.labels).mean())


def require_readable(task: Learner, data: LabeledData, test: LabeledData | None) -> None:
    """Raise an ArgumentError unless the task network can read the data and the test set."""
    for argument, given in {"data": data, "test": test}.items():
        missing = [] if given is None else sorted({*task.reads} - {*given.offers})
        if given is not None and missing:
            offers = ", ".join(map(repr, given.offers))
            raise ArgumentError(
                f"the task network {type(task).__name__} reads {missing[0]!r}; {argument} offers "
                f"{offers}. Give {argument}=LabeledData(..., {_as_argument(missing[0])}), or a "
                f"task= that reads what it offers, as task=Classifier() reads images."
            )


def _as_argument(name: str) -> str:
    return "images" if name == "items" else f"{name}=..."


def held_out_items(
    split: OpenSetSplit, data: LabeledData, test: LabeledData | None
) -> HeldOutItems:
    """The test items of the split, or those of known classes in a test set of its own."""
    source = data if test is None else test
    items = split.test if test is None else np.flatnonzero(split.relabel(test.labels) >= 0)
    if not len(items):
        raise ArgumentError(
            "No test item of a known class is there; make the split with test_share=0.25, say, or "
            "give test=LabeledData(...)."
        )
    return HeldOutItems(source.pool(items), split.relabel(source.labels[items]))
