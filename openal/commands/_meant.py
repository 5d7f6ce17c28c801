"""What may have been meant instead of a word that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["meant"]


def meant(word: str, words: Iterable[str]) -> str:
    """The nearest of some words as a question, or nothing.

    >>> meant("simulat", ["query", "simulate"]), meant("xyz", ["query"])
    ('; did you mean simulate?', '')
    """
    by_lower = {known.lower(): known for known in words}
    matches = get_close_matches(word.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[matches[0]]}?" if matches else ""
