"""Words that a terminal may show: what is not printable is escaped, what is unknown is guessed."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["meant", "plural", "printable"]


def meant(word: str, words: Iterable[str]) -> str:
    """The nearest of some words as a question, or nothing.

    >>> meant("simulat", ["query", "simulate"]), meant("xyz", ["query"])
    ('; did you mean simulate?', '')
    """
    by_lower = {known.lower(): known for known in words}
    matches = get_close_matches(word.lower(), by_lower, n=1)
    return f"; did you mean {printable(by_lower[matches[0]])}?" if matches else ""


def plural(count: int, word: str, ending: str = "s") -> str:
    """A number of things.

    >>> plural(1, "answer"), plural(1200, "image"), plural(2, "class", "es")
    ('1 answer', '1,200 images', '2 classes')
    """
    return f"{count:,} {word}{'' if count == 1 else ending}"


def printable(text: str) -> str:
    """The text as a terminal may show it: whatever is not printable is escaped."""
    return text if text.isprintable() else ascii(text)
