"""A simulated annotator who knows the truth, and may err or pass."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from openal._checks import as_count, as_indices, as_integers, as_number
from openal.errors import ArgumentError
from openal.labeled import SKIPPED, UNKNOWN

__all__ = ["Oracle"]


@dataclass(frozen=True, eq=False)
class Oracle:
    """Answers from the true labels: a class, `UNKNOWN`, or with `skip` at times `SKIPPED`.

    An item's answer depends on the seed and its index alone, not on when or in what order it is
    asked; more noise keeps the errors of less.

    Attributes:
        truth: int64 [N], 0..num_classes-1 or UNKNOWN.
        num_classes: K, the number of known classes.
        noise: the probability of a wrong answer: another class or UNKNOWN, all equally likely.
        skip: the probability of the answer SKIPPED.
        seed: what the errors and the skips are drawn from.

    Raises:
        ArgumentError: for a probability outside 0..1, and a truth that is no label.

    >>> Oracle([0, 1, UNKNOWN], num_classes=2)([2, 0])
    array([-1,  0])
    """

    truth: Any
    num_classes: int
    noise: float = 0.0
    skip: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("noise", "skip"):
            as_number(getattr(self, name), name, minimum=0, maximum=1)
        truth, top = as_integers(self.truth, "truth"), as_count(self.num_classes, "num_classes") - 1
        wrong = np.flatnonzero((truth < UNKNOWN) | (truth > top))
        if len(wrong):
            value = f"truth[{wrong[0]}] is {truth[wrong[0]]}"
            raise ArgumentError(f"{value}; 0..{top} or UNKNOWN ({UNKNOWN}) was expected.")

    def __call__(self, indices: Any) -> np.ndarray:
        """The answers int64 [b] about the items at `indices`."""
        at = as_indices(indices, "indices", size=len(self._answers))
        answers: np.ndarray = self._answers[at]
        return answers

    @cached_property
    def _answers(self) -> np.ndarray:
        truth = as_integers(self.truth, "truth")
        rng = np.random.default_rng([as_count(self.seed, "seed"), 0x0AC1E])
        errs, passes = rng.random(len(truth)) < self.noise, rng.random(len(truth)) < self.skip
        # Labels lie on a ring -1, 0, ..., K-1; a wrong one is 1..K steps away from the true one.
        steps = rng.integers(1, self.num_classes + 1, len(truth))
        other = (truth - UNKNOWN + steps) % (self.num_classes + 1) + UNKNOWN
        return np.where(passes, SKIPPED, np.where(errs, other, truth))
