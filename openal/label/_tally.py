"""What the ledger says of a project: what was answered, how much of it was wasted, whether to stop.

Everything is read from the ledger, never counted beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.stopping import expected_unknown_share, purity_floor
from openal.view import PENDING, Round

__all__ = ["FLOOR", "Counts", "advice", "counted", "expected_share", "labels_of", "recorded"]

FLOOR = 0.1
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
        """For the page; wasted are the answers that name no class."""
        wasted = self.unknown + self.skipped
        return {
            "answers": self.answers,
            "known": self.known,
            "unknown": self.unknown,
            "skipped": self.skipped,
            "wasted": wasted / self.answers if self.answers else None,
        }


def labels_of(labeled: LabeledSet) -> np.ndarray:
    """The answer about each item, int64 [N]: a class, UNKNOWN, SKIPPED or PENDING."""
    labels = np.full(labeled.size, PENDING, np.int64)
    indices, answers = labeled.answers()
    labels[indices] = np.where(answers == labeled.num_classes, UNKNOWN, answers)
    labels[labeled.skipped_indices] = SKIPPED
    return labels


def recorded(labeled: LabeledSet, index: int) -> int | None:
    """The answer about an item; None where there is none, and for an item that is not there."""
    answer = int(labels_of(labeled)[index]) if 0 <= index < labeled.size else PENDING
    return None if answer == PENDING else answer


def counted(labels: np.ndarray) -> Counts:
    """How many of these answers are of which kind; what is pending counts nowhere."""
    kinds = (labels >= 0, labels == UNKNOWN, labels == SKIPPED)
    return Counts(*(int(np.count_nonzero(kind)) for kind in kinds))


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
