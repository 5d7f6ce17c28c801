"""The parts into which answered items are divided where each is judged by the other answers."""

import numpy as np

__all__ = ["FOLDS", "folds_of"]

FOLDS = 5


def folds_of(num_known: int, num_unknown: int) -> np.ndarray:
    """The part [m] of each answered item, known ones first: both kinds are spread over `FOLDS`."""
    fold: np.ndarray = np.concatenate([np.arange(num_known), np.arange(num_unknown)]) % FOLDS
    return fold
