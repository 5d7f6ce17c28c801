"""How often the answers to past queries were known."""

from collections.abc import Iterable

from openal.labeled import UNKNOWN
from openal.view import Round

__all__ = ["past_precisions"]


def past_precisions(history: Iterable[Round]) -> list[float]:
    """The share of known among the answers of each query, oldest first.

    SKIPPED and pending items do not count. A round without an answer is left out, and so is a
    first round without scores: it is no query, but a start.
    """
    found = []
    for number, each in enumerate(history):
        known, unknown = (each.labels >= 0).sum(), (each.labels == UNKNOWN).sum()
        start = number == 0 and each.scores is None
        if known + unknown and not start:
            found.append(float(known / (known + unknown)))
    return found
