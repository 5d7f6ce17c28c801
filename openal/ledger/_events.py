"""The events of a labeled set, made from what a caller passed or refused in one sentence."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch

from openal._checks import as_finite, as_list, as_tensor, whole_numbers
from openal.errors import AnswerError, ArgumentError, ArrayError

__all__ = [
    "SCORES",
    "SKIPPED",
    "UNCHANGED",
    "UNKNOWN",
    "Asked",
    "Event",
    "Names",
    "Position",
    "abandoned",
    "annotator_name",
    "answered",
    "asked",
    "retracted",
]

UNKNOWN = -1
"""The answer "none of my classes": it costs an answer and teaches purity."""

SKIPPED = -2
"""The answer "cannot tell": it costs an answer, teaches nothing and is never asked again."""

UNCHANGED = "Nothing was recorded."

SCORES = {"scores": "<f8", "purity": "<f4", "informativeness": "<f4"}
"""What a round keeps of its query, and the type of each in a file."""

NARROW = ("int8", "int16", "int32")
"""The types of the codes of a pandas Categorical."""

Position = tuple[int, int]
"""Where an event stands in a file: its id, and the checksum over itself and all before it."""

Names = Callable[[str], int]
"""The number that a name stands for; an ArgumentError that says which names there are."""


class Asked(Protocol):
    """What `LabeledSet.begin_round` reads; a `Query` is one."""

    @property
    def indices(self) -> Any:
        """The global indices that are asked, best first; scores, purity... are read if there."""


@dataclass(frozen=True, eq=False, slots=True)
class Event:
    """One call that changed a labeled set; it is never changed itself.

    `kind` is "answer", "opinion" (answers of which some stand beside another annotator's),
    "relabel", "retract", "withdraw" (an annotator's own answers), "round" or "abandon", and
    `indices` are the items it is about. `labels` are as many, for "answer", "opinion" and
    "relabel", else none; `annotator` gave them. A "round" may have the `scores` (float64 [b]),
    `purity` and `informativeness` (float32 [b]) of its query. What a "classes", "size", "policy" or
    "keys" says is in `texts`. `keys` are those of the items, where a file knows them. `time` (UTC,
    as in 2026-01-31T23:59:59Z) and `position` are None but in a file.
    """

    kind: str
    indices: list[int]
    labels: list[int]
    annotator: str | None = None
    scores: np.ndarray | None = None
    purity: np.ndarray | None = None
    informativeness: np.ndarray | None = None
    time: str | None = None
    position: Position | None = None
    texts: tuple[str, ...] = ()
    keys: tuple[str, ...] | None = None

    def without(self, indices: set[int]) -> "Event":
        """The same call as if it had not been about some of the items."""
        return self.moved({index: index for index in self.indices if index not in indices})

    def moved(self, places: Mapping[int, int]) -> "Event":
        """The same call about the items that have a place, each at its place."""
        rows = [row for row, index in enumerate(self.indices) if index in places]
        scores, purity, informativeness = (
            None if values is None else values[rows]
            for values in (self.scores, self.purity, self.informativeness)
        )
        return replace(
            self,
            indices=[places[self.indices[row]] for row in rows],
            labels=[self.labels[row] for row in rows] if self.labels else [],
            keys=None if self.keys is None else tuple([self.keys[row] for row in rows]),
            scores=scores,
            purity=purity,
            informativeness=informativeness,
        )


def answered(
    kind: str,
    indices: Any,
    labels: Any,
    annotator: Any,
    names: tuple[Names | None, Names | None] = (None, None),
) -> Event:
    """An "answer" or a "relabel" (`kind`) of each of `indices`.

    `names` tell the index of a key, and the class of a name. Raises an AnswerError for what are
    neither integers nor such names, and for labels that may lack some.
    """
    labels = [labels] if isinstance(labels, str) and _is_alone(indices) else labels
    where = _integers(indices, "indices", names=names[0])
    _require_no_missing_codes(labels)
    said = _integers(labels, "labels", where, names=names[1])
    return Event(kind, where, said, annotator_name(annotator))


def retracted(indices: Any, annotator: Any = None, names: Names | None = None) -> Event:
    """The answers of `indices` are taken back, or those that an annotator gave to them."""
    where, who = _integers(indices, "indices", names=names), annotator_name(annotator)
    return Event("retract" if who is None else "withdraw", where, [], who)


def abandoned() -> Event:
    """Nobody waits any more for what is pending."""
    return Event("abandon", [], [])


def asked(query: Asked) -> Event:
    """The indices of `query` are asked; its scores are kept where it has some."""
    if not hasattr(query, "indices"):
        raise AnswerError(
            f"query must have indices, as a Query has; got {query!r:.60}. {UNCHANGED}"
        )
    scores, purity, informativeness = (
        _floats(getattr(query, name, None), f"query.{name}", dtype.removeprefix("<"))
        for name, dtype in SCORES.items()
    )
    where = _integers(query.indices, "query.indices")
    return Event("round", where, [], None, scores, purity, informativeness)


def annotator_name(name: Any) -> str | None:
    """Who answers, or None; an ArgumentError for what is no name."""
    if name is None:
        return None
    if not isinstance(name, str) or not name.isprintable() or not name:
        raise ArgumentError(f"annotator must be a name in printable characters, got {name!r}.")
    return str(name)


def _require_no_missing_codes(labels: Any) -> None:
    """Refuse -1 where it says that a value is missing: among the codes of a pandas Categorical.

    They are narrow integers, in a Series or in an array that cannot be written.
    """
    of_pandas = type(labels).__module__.partition(".")[0] == "pandas"
    locked = isinstance(labels, np.ndarray) and not labels.flags.writeable
    if not (of_pandas or locked) or str(getattr(labels, "dtype", "")) not in NARROW:
        return
    codes = as_list(labels, "labels")
    if UNKNOWN in codes:
        at = codes.index(UNKNOWN)
        raise AnswerError(
            f"labels[{at}] is -1 in {labels.dtype}, as in the codes of a pandas Categorical, where "
            f"it is a missing value. Leave those out, or give labels.astype('int64') if -1 means "
            f"UNKNOWN. {UNCHANGED}"
        )


def _integers(
    values: Any, argument: str, indices: Sequence[int] = (), names: Names | None = None
) -> list[int]:
    """The whole numbers in `values`, of any size; one alone is a list of one.

    Strings are the numbers that `names` tells.
    """
    alone = _is_alone(values) and (argument != "labels" or not isinstance(values, str))
    try:
        listed = as_list([values] if alone else values, argument)
    except ArrayError as error:
        raise AnswerError(f"{error} {UNCHANGED}") from None
    numbers = whole_numbers(listed)
    if None in numbers and names is not None:
        numbers = [
            _named(value, names, argument, at) if isinstance(value, str) else number
            for at, (value, number) in enumerate(zip(listed, numbers, strict=True))
        ]
    if None in numbers:
        at = numbers.index(None)
        item = f" (index {indices[at]})" if at < len(indices) else ""
        raise AnswerError(
            f"{argument}[{at}]{item} is {listed[at]!r:.60}; an integer was expected. {UNCHANGED}"
        )
    return numbers


def _is_alone(values: Any) -> bool:
    of_many = isinstance(values, Iterable) and getattr(values, "ndim", 1) != 0
    return isinstance(values, str) or not of_many


def _named(name: str, names: Names, argument: str, at: int) -> int:
    try:
        return names(name)
    except AnswerError as error:
        raise AnswerError(f"{argument}[{at}] is {name!r:.80}; {error} {UNCHANGED}") from None


def _floats(values: Any, argument: str, dtype: str) -> np.ndarray | None:
    """A fresh array of the numbers in `values`, which are finite; at most the largest of a type."""
    if values is None:
        return None
    try:
        numbers = as_finite(as_tensor(values, argument).to("cpu", torch.float64), argument)
    except ArrayError as error:
        raise AnswerError(f"{error} {UNCHANGED}") from None
    largest = np.finfo(dtype).max
    return numbers.numpy().clip(-largest, largest).astype(dtype)
