"""The answers of each round, counted by kind."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from openal._checks import as_integers
from openal.errors import ArgumentError
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.view import Round

__all__ = ["Rounds", "answer_counts", "rounds_of"]

Rounds = LabeledSet | Iterable[Round] | Iterable[Any]
"""A labeled set, its history, or the labels [b] of each round; oldest first."""


def answer_counts(rounds: Rounds, *, start: bool = True) -> np.ndarray:
    """The known, unknown and skipped answers of each round: int64 [R, 3].

    What is pending counts nowhere. Without `start` a first `Round` without scores is left out: it
    is no query, but the answers that a project began with.

    >>> answer_counts([[0, 2, -1], [-2]])
    array([[2, 1, 0],
           [0, 0, 1]])
    """
    past = rounds_of(rounds)
    if not start and past and isinstance(past[0], Round) and past[0].scores is None:
        del past[0]
    labels = [
        answers.labels if isinstance(answers, Round) else as_integers(answers, f"rounds[{at}]")
        for at, answers in enumerate(past)
    ]
    counts = [((x >= 0).sum(), (x == UNKNOWN).sum(), (x == SKIPPED).sum()) for x in labels]
    return np.array(counts, np.int64).reshape(-1, 3)


def rounds_of(rounds: Rounds) -> list[Any]:
    """The rounds one by one, as they came."""
    if isinstance(rounds, LabeledSet):
        return list(rounds.history)
    if not isinstance(rounds, Iterable):
        raise ArgumentError(f"rounds must be a LabeledSet or a list of rounds, got {rounds!r:.60}.")
    return list(rounds)
