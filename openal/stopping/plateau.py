"""The plateau: stop once the accuracy no longer rises."""

from collections.abc import Sequence
from typing import Any

from openal._checks import as_count, as_finite, as_number

__all__ = ["accuracy_plateau"]


def accuracy_plateau(
    accuracies: Sequence[Any], *, patience: int = 3, min_delta: float = 0.0
) -> bool:
    """Whether to stop: the last `patience` rounds raised the best by `min_delta` at most.

    The names are those of early stopping. A slow rise adds up over the `patience` rounds. With
    `patience` values or fewer it is False: there is nothing to rise from.

    An accuracy p that was measured on n items has a standard error of sqrt(p (1 - p) / n): a
    `min_delta` below that waits for noise to settle. Without test items, the agreement of
    successive models on unlabeled ones can be watched in its place: Bloodgood and Vijay-Shanker,
    "A Method for Stopping Active Learning Based on Stabilizing Predictions and the Need for
    User-Adjustable Stopping", CoNLL 2009; the confidence of a model: Zhu, Wang, Hovy and Ma,
    "Confidence-Based Stopping Criteria for Active Learning for Data Annotation", ACM TSLP 2010.

    Args:
        accuracies: your own [R], one per round, larger is better; any figure that rises as the
            classifier improves will do.
        patience: how many rounds must bring nothing, at least 1.
        min_delta: the rise that is nothing, at least 0.

    Raises:
        ArgumentError: a patience or a rise that cannot be.
        ArrayError: accuracies that are not finite numbers.

    >>> accuracy_plateau([0.60, 0.80, 0.81, 0.79, 0.82], patience=3, min_delta=0.03)
    True
    >>> accuracy_plateau([0.60, 0.80, 0.81, 0.79, 0.82], patience=4, min_delta=0.03)
    False
    """
    values = as_finite(accuracies, "accuracies", ndim=1).double().tolist()
    patience = as_count(patience, "patience", minimum=1)
    min_delta = as_number(min_delta, "min_delta", minimum=0)
    before, last = values[:-patience], values[-patience:]
    return bool(before) and max(last) - max(before) <= min_delta
