"""What a simulation is judged by: pure functions of true labels, of rounds and of seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

import numpy as np

from openal._checks import as_count, as_finite, as_integers
from openal.errors import ArgumentError, ArrayError
from openal.labeled import SKIPPED, UNKNOWN

__all__ = [
    "ClassScores",
    "Spread",
    "aubc",
    "class_scores",
    "query_precision",
    "query_recall",
    "spread",
    "wasted",
]


def query_precision(labels: Any) -> float:
    """The share of the queried items that are of a known class.

    `labels` [b] are the classes of what was actually queried, UNKNOWN for unknown ones; where a
    strategy asks for less than its budget, the rest does not count against it. SKIPPED was asked
    and is no known item: it lowers the precision as UNKNOWN does. Where it should not, leave it out
    of `labels`. Precision of a round in LfOSA (section 3.1) and CLIPNAL (eq. 9).

    >>> query_precision([2, -1, 0, 0])
    0.75
    """
    known = _known(labels)
    if not len(known):
        raise ArgumentError("labels is empty; nothing was queried.")
    return float(known.mean())


def query_recall(labels: Any, num_known: int, *, initial: int = 0) -> float:
    """The share of the `num_known` known items of the pool that have been found.

    `labels` are the classes of everything queried since the start. Two conventions are in use:
    LfOSA's paper counts what queries found among what was unlabeled at the start (the default);
    its code, and NEAT's, also count the first answers on both sides: `initial` is their number of
    known items. With both the same, recall of no query is 0 in the one, and the share of the
    first answers in the other.

    >>> query_recall([2, -1, 0, 0], num_known=10), query_recall([2, -1, 0, 0], 10, initial=5)
    (0.3, 0.5333333333333333)
    """
    num_known = as_count(num_known, "num_known")
    initial = as_count(initial, "initial")
    count = int(_known(labels).sum())
    if count > num_known:
        raise ArgumentError(f"labels hold {count} known items, but num_known is {num_known}.")
    total = num_known + initial
    return (count + initial) / total if total else 0.0


def wasted(labels: Any) -> int:
    """The number of answers that named no known class: UNKNOWN, and SKIPPED, which cost as much.

    >>> wasted([2, -1, 0, 0])
    1
    """
    return int((~_known(labels)).sum())


@dataclass(frozen=True)
class ClassScores:
    """How well a classifier tells each of K classes: its `precision`, `recall` and `f1`, [K] each.

    A share of nothing is 0, as with `zero_division=0` in scikit-learn: the precision of a class
    that is never predicted, the recall of one without a test item, the F1 of one without either.
    """

    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]


def class_scores(predicted: Any, labels: Any, num_classes: int) -> ClassScores:
    """Precision, recall and F1 of a classification, of each class.

    `predicted` and `labels` [t] are in 0..K-1: what is said of t test items, and what they are.
    Precision is the share of the items said to be of a class that are; recall the share of its
    items that are said to be; F1 their harmonic mean. Their means over all K classes, empty ones
    included, are the macro averages of LfOSA (figure 6) and of the public OpenAL framework.

    >>> class_scores([0, 0, 1, 1], [0, 1, 1, 1], num_classes=3).precision
    (0.5, 1.0, 0.0)
    """
    num_classes = as_count(num_classes, "num_classes", minimum=1)
    said, true = (
        _classes(predicted, "predicted", num_classes),
        _classes(labels, "labels", num_classes),
    )
    if len(said) != len(true):
        raise ArrayError(f"predicted has {len(said)} rows, labels {len(true)}.")
    hits, predictions, items = (
        np.bincount(classes, minlength=num_classes) for classes in (true[said == true], said, true)
    )
    return ClassScores(
        precision=_shares(hits, predictions),
        recall=_shares(hits, items),
        f1=_shares(2 * hits, predictions + items),
    )


def _classes(values: Any, argument: str, num_classes: int) -> np.ndarray:
    classes = as_integers(values, argument)
    outside = np.flatnonzero((classes < 0) | (classes >= num_classes))
    if len(outside):
        at = outside[0]
        raise ArrayError(f"{argument}[{at}] is {classes[at]}; it must be in 0..{num_classes - 1}.")
    return classes


def _shares(parts: np.ndarray, wholes: np.ndarray) -> tuple[float, ...]:
    """The quotients; 0 where the whole is 0."""
    return tuple((parts / np.maximum(wholes, 1)).tolist())


def aubc(
    values: Sequence[float], convention: Literal["trapezoid", "openal"] = "trapezoid"
) -> float:
    """The area under the budget curve: the mean height of the curve through equidistant values.

    "trapezoid" divides the trapezoids' sum by the N - 1 intervals, so that a constant curve keeps
    its height. "openal" divides by the N points, as the public OpenAL framework does, and with it
    CLIPNAL's tables: a constant 1 gives 0.9 for N = 10. Multiply those by N / (N - 1) to compare.
    One value is its own area.

    >>> aubc([1.0] * 10), aubc([1.0] * 10, convention="openal")
    (1.0, 0.9)
    """
    if convention not in ("trapezoid", "openal"):
        raise ArgumentError(f"convention must be 'trapezoid' or 'openal', got {convention!r}.")
    heights = as_finite(values, "values", ndim=1).double().tolist()
    if not heights:
        raise ArgumentError("values is empty; one value per round was expected.")
    if len(heights) == 1:
        return float(heights[0])
    total = sum(heights) - (heights[0] + heights[-1]) / 2
    return float(total / (len(heights) - (convention == "trapezoid")))


@dataclass(frozen=True)
class Spread:
    """The `mean` and sample standard `deviation` over `n` seeds; of one seed there is none."""

    mean: float
    deviation: float | None
    n: int

    def shown(self, show: Callable[[float], str]) -> str:
        """Mean ± deviation."""
        return show(self.mean) + ("" if self.deviation is None else f" ± {show(self.deviation)}")


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation of at least one value.

    >>> spread([0.5, 0.75]).shown("{:.2f}".format)
    '0.62 ± 0.18'
    """
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, len(values))


def _known(labels: Any) -> np.ndarray:
    labels = as_integers(labels, "labels")
    wrong = np.flatnonzero(labels < SKIPPED)
    if len(wrong):
        raise ArrayError(
            f"labels[{wrong[0]}] is {labels[wrong[0]]}; a class from 0 up, UNKNOWN ({UNKNOWN}) or "
            f"SKIPPED ({SKIPPED}) was expected. An item without an answer is no answer."
        )
    known: np.ndarray = labels >= 0
    return known
