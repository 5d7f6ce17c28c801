"""What a ledger is about: how many items, which classes, which keys, and what counts in a dispute.

All of it may grow while answers come, none of it may change: class k and item i stay what they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, final

import numpy as np
from torch import Tensor

from openal._checks import as_count
from openal._keys import Keys
from openal.errors import AnswerError, ArgumentError
from openal.ledger._events import SKIPPED, UNCHANGED, UNKNOWN, Event

__all__ = [
    "ASK",
    "FIRST",
    "POLICIES",
    "SPELLED",
    "WORDS",
    "KeyMark",
    "Settings",
    "class_names",
    "policy_name",
]

FIRST, MAJORITY, ASK = POLICIES = ("first", "majority", "ask")
BLOCKS = 256
SPELLED = {"UNKNOWN": UNKNOWN, "SKIPPED": SKIPPED}
"""The labels that are no class, as people and files spell them."""

WORDS = {label: word for word, label in SPELLED.items()}


@dataclass(frozen=True)
class KeyMark:
    """What a file keeps of all keys: how many, and a checksum of each block of them."""

    count: int
    block: int
    sums: tuple[str, ...]

    @classmethod
    def of(cls, keys: Keys, count: int | None = None, block: int | None = None) -> "KeyMark":
        """The mark of the first `count` keys, in blocks of the size that another mark has."""
        count = len(keys) if count is None else count
        block = max(1, -(-count // BLOCKS)) if block is None else block
        return cls(
            count,
            block,
            tuple([_checksum(keys[at : min(at + block, count)]) for at in range(0, count, block)]),
        )

    @classmethod
    def read(cls, texts: tuple[str, ...]) -> "KeyMark":
        """The mark that an event tells."""
        count, block, *sums = texts
        return cls(_whole(count, 0), _whole(block, 1), (*sums,))

    @property
    def texts(self) -> tuple[str, ...]:
        """The mark as an event tells it."""
        return str(self.count), str(self.block), *self.sums

    def difference(self, keys: Keys) -> str | None:
        """Where `keys` begin to be others than those of the mark, or None where they do not."""
        if len(keys) < self.count:
            return f"there are {self.count} of them there, and {len(keys)} here"
        here = KeyMark.of(keys, self.count, self.block)
        if here == self:
            return None
        at = self.block * next(
            at for at, (one, two) in enumerate(zip(self.sums, here.sums, strict=True)) if one != two
        )
        if self.block == 1:
            return f"the first that differs is item {at}, {keys[at]!a:.80} here"
        last = min(at + self.block, self.count) - 1
        return f"the first that differs is one of the items {at} to {last}"


@final
class Settings:
    """What the events so far say that a ledger is about.

    `ids` are the classes by name; `mark` and `keys` (by index) is what a file knows of the keys.
    """

    def __init__(self, size: int, classes: int | Iterable[str]) -> None:
        self.size = as_count(size, "size")
        self.classes = class_names(classes)
        self.ids = {name: k for k, name in enumerate(self.classes)}
        self.policy = FIRST
        self.mark: KeyMark | None = None
        self.keys: dict[int, str] = {}

    def label_of(self, name: str) -> int:
        """The answer that a name stands for: a class, `UNKNOWN` or `SKIPPED`."""
        label = SPELLED.get(name, self.ids.get(name))
        if label is None:
            few = ", ".join(map(repr, self.classes[:10]))
            more = f" and {len(self.classes) - 10} more" if len(self.classes) > 10 else ""
            raise AnswerError(
                f"the classes are {few}{more}, beside 'UNKNOWN' and 'SKIPPED'; an integer was "
                f"expected, or one of these."
            )
        return label

    def check(self, event: Event) -> None:
        """Raise an ArgumentError where an event of a setting cannot be."""
        match event.kind:
            case "classes":
                class_names([*self.classes, *event.texts])
            case "size":
                _whole(event.texts[0] if len(event.texts) == 1 else "", self.size)
            case "policy":
                policy_name(event.texts[0] if len(event.texts) == 1 else event.texts)
            case "keys":
                self._check_mark(event)

    def apply(self, event: Event) -> bool:
        """Make a checked event part of the settings; False if it is of another kind."""
        match event.kind:
            case "classes":
                self.classes = (*self.classes, *event.texts)
                self.ids = {name: k for k, name in enumerate(self.classes)}
            case "size":
                self.size = int(event.texts[0])
            case "policy":
                (self.policy,) = event.texts
            case "keys":
                self.mark = KeyMark.read(event.texts)
            case _:
                return False
        return True

    def check_keys(self, event: Event) -> None:
        """Refuse an event in which an item has another key than in one before."""
        for at, (index, key) in enumerate(zip(event.indices, event.keys or (), strict=False)):
            if self.keys.get(index, key) != key:
                raise AnswerError(
                    f"Position {at}, index {index}: its key was {self.keys[index]!r:.80}, now "
                    f"{key!r:.80}. {UNCHANGED}"
                )

    def _check_mark(self, event: Event) -> None:
        if len(event.texts) < 2:
            raise ArgumentError(f"keys have no mark {event.texts!r:.60}.")
        mark = KeyMark.read(event.texts)
        if mark.count > self.size or len(mark.sums) != -(-mark.count // mark.block):
            raise ArgumentError(f"keys have the mark of {mark.count} items in {self.size}.")


def class_names(classes: Any) -> tuple[str, ...]:
    """The K unique names in `classes`; "0", "1", ... for a number, also one in a tensor."""
    if isinstance(classes, Tensor | np.ndarray) and classes.ndim == 0:
        classes = classes.item()
    if not isinstance(classes, Iterable):
        return tuple(str(k) for k in range(as_count(classes, "classes", minimum=1)))
    if isinstance(classes, str | bytes | set | frozenset | Mapping):
        raise ArgumentError(f"classes must be a number or a list of names, got {classes!r:.60}.")
    names, seen = tuple(classes), set[str]()
    for at, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise ArgumentError(f"classes[{at}] must be a name that is not empty, got {name!r}.")
        if name in ("UNKNOWN", "SKIPPED"):
            raise ArgumentError(f"classes[{at}] is {name!r}, which is an answer of its own.")
        if name in seen:
            raise ArgumentError(f"classes[{at}] is {name!r}, which is there already.")
        seen.add(name)
    if not names:
        raise ArgumentError("classes must hold at least one name.")
    return tuple(str(name) for name in names)


def policy_name(policy: Any) -> str:
    """What counts where annotators disagree: "first", "majority" or "ask"."""
    if not isinstance(policy, str) or policy not in POLICIES:
        raise ArgumentError(f"policy must be one of {', '.join(POLICIES)}, got {policy!r:.60}.")
    return policy


def _whole(text: str, least: int) -> int:
    """The number in a text of a file."""
    if not text.isdecimal() or len(text) > 18 or int(text) < least:
        raise ArgumentError(f"{text!r:.60} is no whole number of at least {least}.")
    return int(text)


def _checksum(keys: tuple[str, ...]) -> str:
    content = "\0".join(keys).encode("utf-8", "surrogatepass")
    return blake2b(content, digest_size=8).hexdigest()
