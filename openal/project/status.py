"""How far a project is: the answers, what they were spent on, what is left, and when to stop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from openal._reading import unreadable_in
from openal.labeled import LabeledSet
from openal.learners import CalibratedDetector
from openal.pool import Pool
from openal.project._curve import Accuracy, learning_curve
from openal.project._replaced import stale_answers
from openal.project.project import Project
from openal.stopping import accuracy_plateau, purity_floor
from openal.stopping._counts import answer_counts

__all__ = ["RoundCount", "Status", "project_status", "stop_advice"]

FLOOR = 0.1
PATIENCE = 3


@dataclass(frozen=True)
class RoundCount:
    """The answers of a round by kind.

    Attributes:
        known: answers that name a class.
        unknown: answers UNKNOWN.
        skipped: answers SKIPPED.
        begun: False for answers that no round had asked for.
    """

    known: int
    unknown: int
    skipped: int
    begun: bool

    @property
    def wasted(self) -> float:
        """The share of the answers that name no class."""
        return (self.unknown + self.skipped) / max(1, self.known + self.unknown + self.skipped)


@dataclass(frozen=True)
class Status:
    """How far a project is.

    Attributes:
        images: how many there are now.
        unreadable: how many of them have no embedding, and are never asked about.
        counts: the answers by class, then UNKNOWN and SKIPPED.
        pending: how many answers the open round waits for.
        rounds: the answers of each round.
        known_left: the estimated share of known classes among what has no answer; None before
            there are answers of both kinds.
        left: how many images have no answer.
        curve: the accuracy after each round, tested on answers that were not learned from.
        advice: whether to go on, and why.
        retired: how many images are gone; their answers count.
        replaced: the images that were answered before other bytes took the place of theirs.
    """

    images: int
    unreadable: int
    counts: Mapping[str, int]
    pending: int
    rounds: tuple[RoundCount, ...]
    known_left: float | None
    left: int
    curve: tuple[Accuracy, ...]
    advice: str
    retired: int = 0
    replaced: tuple[int, ...] = ()


def project_status(project: Project) -> Status:
    """How far a project is; it needs the embeddings, and changes nothing."""
    pool, labeled = project.pool(), project.labeled()
    unreadable = unreadable_in(pool, ("embeddings",), False)
    gone = project.retired
    unreadable = np.setdiff1d(unreadable, [*gone])
    left = np.setdiff1d(labeled.unlabeled_indices, [*unreadable, *gone])
    curve = tuple(learning_curve(pool, labeled))
    return Status(
        images=len(pool) - len(gone),
        unreadable=len(unreadable),
        counts=labeled.counts,
        pending=len(labeled.pending_indices),
        rounds=round_counts(labeled),
        known_left=_known_share(pool, labeled, left),
        left=len(left),
        curve=curve,
        advice=stop_advice(labeled, curve),
        retired=len(gone),
        replaced=tuple(stale_answers(project)),
    )


def round_counts(labeled: LabeledSet) -> tuple[RoundCount, ...]:
    """The answers of each round that has any."""
    pairs = zip(answer_counts(labeled).tolist(), labeled.history, strict=True)
    return tuple(
        RoundCount(counts[0], counts[1], counts[2], past.begun)
        for counts, past in pairs
        if any(counts)
    )


def _known_share(pool: Pool, labeled: LabeledSet, left: np.ndarray) -> float | None:
    """The mean calibrated probability of a known class over images without an answer."""
    if not (len(left) and len(labeled.known_indices) and len(labeled.unknown_indices)):
        return None
    fitted = CalibratedDetector().fit(pool, labeled, progress=False)
    log_odds = fitted.signals(pool, left, progress=False)["known_log_odds"]
    return float(log_odds.double().sigmoid().mean())


def stop_advice(labeled: LabeledSet, curve: Sequence[Accuracy] = ()) -> str:
    """Whether to go on asking, in a sentence; `curve` has the accuracy after each round.

    Stop where the last three rounds surely found less than a tenth of known classes; stopping may
    pay where three rounds raised the accuracy by no more than its standard error.
    """
    begun = [count for count in round_counts(labeled) if count.begun]
    if len(begun) < PATIENCE:
        return f"Go on: three rounds are needed to judge by, and there are {len(begun)}."
    if purity_floor(labeled, FLOOR, window=PATIENCE):
        return f"Stop: less than {FLOOR:.0%} of the last three rounds was of your classes."
    absent = [name for name in labeled.classes if not labeled.counts[name]]
    if absent:
        return f"Go on: no answer names {absent[0]!r} yet."
    values = [point.accuracy for point in curve]
    if curve and accuracy_plateau(values, patience=PATIENCE, min_delta=curve[-1].error):
        return (
            f"You may stop: three rounds have not raised the accuracy, "
            f"{values[-1]:.2f} ± {curve[-1].error:.2f}."
        )
    return "Go on: answers still find your classes, and the accuracy has not settled."
