"""How fast CLIPNAL tunes its scale and scores a pool, from cosines.

`python -m benchmarks.clipnal`: tuning beside a plain loop over the grid, in turns; then a million
items and 100 classes.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from sklearn.metrics import confusion_matrix, f1_score
from torch import Tensor

from openal.functional import tune_scale, yes_no_probabilities

Evidence = Callable[[float], tuple[Any, Any]]
Judge = Callable[[np.ndarray, np.ndarray], float]


def plain_loop(evidence: Evidence, is_known: np.ndarray, judge: Judge) -> tuple[float, float]:
    """The best scale of 0.1, 0.2, ..., 100, one whole evaluation after another; and seconds."""
    started = perf_counter()
    best, scale = 0.0, 0.0
    for step in range(1, 1001):
        known, unknown = evidence(step / 10)
        accuracy = judge(is_known, np.asarray(known > unknown))
        if accuracy > best:
            best, scale = accuracy, step / 10
    return scale, perf_counter() - started


def as_published(truth: np.ndarray, told: np.ndarray) -> float:
    """The measures that CLIPNAL's authors compute at every scale."""
    confusion_matrix(truth, told)
    f1_score(truth, told)
    return float((told[truth].mean() + (~told[~truth]).mean()) / 2)


def lean(truth: np.ndarray, told: np.ndarray) -> float:
    """The balanced accuracy alone."""
    return float((told[truth].mean() + (~told[~truth]).mean()) / 2)


def in_torch(yes: Tensor, no: Tensor, visual: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """The equations as they are written."""
    p_yes = torch.softmax(scale * yes, dim=1)
    q = torch.softmax(scale * torch.stack([yes, no]), dim=0)[0]
    unknown = (1 - (p_yes * q).sum(dim=1)) / yes.shape[1]
    return (p_yes * q * torch.softmax(scale * visual, dim=1)).max(dim=1).values, unknown


def in_numpy(
    yes: np.ndarray, no: np.ndarray, visual: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """The same with NumPy and SciPy."""
    p_yes = softmax(scale * yes, axis=1)
    q = softmax(scale * np.stack([yes, no]), axis=0)[0]
    unknown = (1 - (p_yes * q).sum(axis=1)) / yes.shape[1]
    return (p_yes * q * softmax(scale * visual, axis=1)).max(axis=1), unknown


def drawn(n: int, classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cosines of images with yes and no texts, and with labeled images, as they come in size."""
    generator = torch.Generator().manual_seed(0)
    yes, no, visual = (torch.rand(n, classes, generator=generator) for _ in range(3))
    return 0.1 + 0.2 * yes, 0.1 + 0.2 * no, 0.5 + 0.3 * visual


def main() -> None:
    """Print the two figures."""
    yes, no, visual = drawn(5000, 40)
    is_known = torch.arange(5000) % 3 > 0
    arrays = [each.numpy() for each in (yes, no, visual)]
    loops = {
        "NumPy, with the authors' measures": (partial(in_numpy, *arrays), as_published),
        "torch, with the authors' measures": (partial(in_torch, yes, no, visual), as_published),
        "torch, with the balanced accuracy alone": (partial(in_torch, yes, no, visual), lean),
    }
    ratios: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(5):
        started = perf_counter()
        tuned = tune_scale(yes, no, is_known, visual).scale
        fast = perf_counter() - started
        for name, (evidence, judge) in loops.items():
            scale, slow = plain_loop(evidence, is_known.numpy(), judge)
            ratios[name].append(slow / fast)
            assert scale == tuned
    print(f"tuning with 5,000 answers and 40 classes: {fast:.2f} s; medians of 5 turns:")
    for name, values in ratios.items():
        print(f"  a plain loop in {name}: {median(values):.1f} times that")
    yes, no, visual = drawn(1_000_000, 100)
    for name, weights in (("without", None), ("with", visual)):
        started = perf_counter()
        yes_no_probabilities(yes, no, 9.0, weights)
        print(f"1,000,000 x 100 {name} visual weights: {perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main()
