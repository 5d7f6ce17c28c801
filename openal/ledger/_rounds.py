"""The rounds of the past as a caller sees them: each is made when it is looked at.

The five arrays of each of 50,000 rounds take a second to make, and a query looks at few of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final, overload

import numpy as np

from openal.ledger._events import SCORES
from openal.view import PENDING, Round

__all__ = ["Entry", "History", "Past"]


@dataclass(frozen=True, eq=False)
class Entry:
    """One entry of the history: a round that was begun, or answers that none had asked for.

    `scores` are those of SCORES [b] at `indices` [b], each may be None.
    """

    indices: list[int]
    begun: bool
    scores: tuple[np.ndarray | None, ...] = ()


@dataclass(frozen=True, eq=False)
class Past:
    """The entries, the labels by index, and the entry that asked last, of one moment."""

    entries: Sequence[Entry]
    labels: Mapping[int, int]
    round_of: Mapping[int, int]

    @classmethod
    def of(
        cls, entries: Sequence[Entry], labels: dict[int, int], round_of: dict[int, int]
    ) -> "Past":
        """Copies, of the last entry too: answers that no round had asked for are added to it."""
        last = [replace(entry, indices=[*entry.indices]) for entry in entries[-1:]]
        return cls([*entries[:-1], *last], labels.copy(), round_of.copy())

    def round(self, number: int) -> Round:
        """One round in arrays of its own; what a later round asked again is PENDING."""
        entry, labels = self.entries[number], self.labels
        said = [
            labels.get(index, PENDING) if self.round_of[index] == number else PENDING
            for index in entry.indices
        ]
        scores = {
            name: None if values is None else values.copy()
            for name, values in zip(SCORES, entry.scores, strict=False)
        }
        indices, answers = np.array(entry.indices, np.int64), np.array(said, np.int64)
        return Round(indices, answers, **scores, begun=entry.begun)


@final
class History(Sequence[Round]):
    """All rounds of one moment, oldest first; what a caller changes in them stays in here.

    It is compared, added to and hashed like a tuple, and pickled as one.
    """

    def __init__(self, past: Past) -> None:
        self._past = past
        self._made: dict[int, Round] = {}

    def __len__(self) -> int:
        return len(self._past.entries)

    @overload
    def __getitem__(self, at: int) -> Round: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Round, ...]: ...
    def __getitem__(self, at: int | slice) -> Round | tuple[Round, ...]:
        numbers = range(len(self))[at]
        if isinstance(numbers, range):
            return tuple(map(self._round, numbers))
        return self._round(numbers)

    def __add__(self, others: tuple[Round, ...]) -> tuple[Round, ...]:
        return (*self, *others)

    def __radd__(self, others: tuple[Round, ...]) -> tuple[Round, ...]:
        return (*others, *self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple | History) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)

    def _round(self, number: int) -> Round:
        if number not in self._made:
            self._made[number] = self._past.round(number)
        return self._made[number]
