"""What the ledger says of a project: what was answered, how much of it was wasted, whether to stop.

Everything is read from the ledger, never counted beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.stopping import expected_unknown_share, purity_floor
from openal.view import Round

__all__ = ["FLOOR", "Counts", "advice", "counts_of", "expected_share", "recorded", "total_counts"]

FLOOR = 0.2
"""The share of known answers below which the page advises to stop."""

HOPELESS = 0.9
"""The expected share of unknown from which a round is advised against."""


@dataclass(frozen=True)
class Counts:
    """How many answers named a class (`known`), none of them (`unknown`), nothing (`skipped`)."""

    known: int
    unknown: int
    skipped: int

    @property
    def answers(self) -> int:
        """All of them."""
        return self.known + self.unknown + self.skipped

    def as_json(self) -> dict[str, float | None]:
        """For the page; the wasted share is that of unknown, without what was skipped."""
        told = self.known + self.unknown
        return {
            "answers": self.answers,
            "known": self.known,
            "unknown": self.unknown,
            "skipped": self.skipped,
            "wasted": self.unknown / told if told else None,
        }


def recorded(labeled: LabeledSet, index: int) -> int | None:
    """The answer about an item: a class, UNKNOWN or SKIPPED; None where there is none."""
    at = np.flatnonzero(labeled.known_indices == index)
    if len(at):
        return int(labeled.known_labels[at[0]])
    if (labeled.unknown_indices == index).any():
        return UNKNOWN
    return SKIPPED if (labeled.skipped_indices == index).any() else None


def total_counts(labeled: LabeledSet) -> Counts:
    """All answers of the ledger."""
    counts = labeled.counts
    unknown, skipped = counts.pop("UNKNOWN"), counts.pop("SKIPPED")
    return Counts(sum(counts.values()), unknown, skipped)


def counts_of(labeled: LabeledSet, indices: np.ndarray) -> Counts:
    """The answers about some items."""
    answered = (labeled.known_indices, labeled.unknown_indices, labeled.skipped_indices)
    return Counts(*(int(np.isin(indices, kind).sum()) for kind in answered))


def expected_share(purity: np.ndarray | None, rounds: Sequence[Round]) -> float | None:
    """The share of a round that was expected to be unknown, by the rounds before it; None unknown.

    Without answers to calibrate by there is no expectation.
    """
    if purity is None or not len(purity):
        return None
    share = expected_unknown_share(purity, rounds)
    return None if math.isnan(share) else share


def advice(rounds: Sequence[Round], expected: float | None) -> str:
    """Whether to stop, in a sentence or two; nothing where it pays to go on."""
    if purity_floor(rounds, FLOOR):
        return (
            f"You may stop: the last three rounds found less than {FLOOR:.0%} of your classes "
            f"(95 % confidence)."
        )
    if expected is not None and expected > HOPELESS:
        return (
            f"You may stop: {expected:.0%} of this round are expected to be none of your classes."
        )
    return ""
