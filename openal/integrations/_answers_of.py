"""Answers as other tools take them: the class of each file by its name, checked once."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from openal.errors import ArgumentError

__all__ = ["UNKNOWN", "Numbered", "numbered", "require_line", "require_xml"]

UNKNOWN, SKIPPED = "UNKNOWN", "SKIPPED"
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Numbered(NamedTuple):
    """The classes, and the number of the class of each name; None for what is skipped."""

    classes: tuple[str, ...]
    numbers: dict[str, int | None]


def numbered(answers: Mapping[str, str], classes: Sequence[str]) -> Numbered:
    """The answers by number; "UNKNOWN" is a class of its own, the last, where one says it.

    >>> numbered({"a.jpg": "dog", "b.jpg": "UNKNOWN", "c.jpg": "SKIPPED"}, ["cat", "dog"])
    Numbered(classes=('cat', 'dog', 'UNKNOWN'), numbers={'a.jpg': 1, 'b.jpg': 2, 'c.jpg': None})
    """
    names = (*classes, *([UNKNOWN] if UNKNOWN in answers.values() else []))
    numbers: dict[str, int | None] = {name: k for k, name in enumerate(names)}
    for name, answer in answers.items():
        if answer != SKIPPED and answer not in numbers:
            raise ArgumentError(f"The answer of {name!r:.80} is {answer!r:.60}, which is no class.")
    return Numbered(names, {name: numbers.get(answer) for name, answer in answers.items()})


def require_xml(texts: Sequence[str]) -> None:
    """Refuse a name that no XML can hold: one with control characters or half a character."""
    for text in texts:
        if NO_XML.search(text):
            raise ArgumentError(f"The name {text!r:.80} has a character that XML cannot hold.")


def require_line(texts: Sequence[str]) -> None:
    """Refuse a name that is more than one line."""
    for text in texts:
        if len(text.splitlines()) > 1 or text != text.strip("\r\n"):
            raise ArgumentError(f"The name {text!r:.80} is more than one line.")
