"""How well a classifier does on answers that it has not seen, and how that grew with them."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from openal._reading import unreadable_in
from openal.functional.losses import weighted_cross_entropy
from openal.labeled import LabeledSet
from openal.learners._layers import LayerSettings, fit_layers
from openal.pool import Pool

__all__ = ["LEAST", "Accuracy", "learning_curve"]

FOLDS = 5
LEAST = 10
"""Fewer answers that name a class are not divided."""

POINTS = 8
LINEAR = LayerSettings(None, 0.03, 100)
"""The settings of `EmbeddingClassifier`."""


class Accuracy(NamedTuple):
    """The accuracy on `tested` answers of classifiers that learned from `answers` others."""

    answers: int
    accuracy: float
    tested: int

    @property
    def error(self) -> float:
        """Its standard error."""
        return float((self.accuracy * (1 - self.accuracy) / self.tested) ** 0.5)


def learning_curve(pool: Pool, labeled: LabeledSet, *, last_only: bool = False) -> list[Accuracy]:
    """The accuracy after each round, the last at the end; none with too few answers.

    All answers that name a class are divided into five parts; each is predicted by classifiers
    that learned from the others: from all of them, and from those that had come by each round. So
    every point is tested on the same images, and only what was learned from differs.
    """
    indices, labels = labeled.answers(known_only=True)
    there = ~np.isin(indices, unreadable_in(pool, ("embeddings",), False))
    indices, labels = indices[there], labels[there]
    if len(indices) < LEAST:
        return []
    z = pool.take("embeddings", indices, progress=False).double()
    fold = _folds(labels)
    sizes = [len(indices)] if last_only else _sizes(labeled, indices)
    return [_accuracy(z, torch.from_numpy(labels), fold, size, labeled) for size in sizes]


def _folds(labels: np.ndarray) -> np.ndarray:
    """The part of each answer: those of a class in turns, so that each part has some of each."""
    fold = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        at = np.flatnonzero(labels == label)
        fold[at] = (np.arange(len(at)) + label) % FOLDS
    return fold


def _sizes(labeled: LabeledSet, indices: np.ndarray) -> list[int]:
    """How many answers that name a class there were after each round, of many rounds some."""
    known, counts, total = {*indices.tolist()}, list[int](), 0
    for past in labeled.history:
        total += len(known.intersection(past.indices[past.labels >= 0].tolist()))
        counts.append(total)
    found = sorted({count for count in counts if count >= LEAST} | {len(indices)})
    if len(found) <= POINTS:
        return found
    kept = np.linspace(0, len(found) - 4, POINTS - 3).round().astype(int)
    return [*(found[at] for at in kept), *found[-3:]]


def _accuracy(
    z: Tensor, labels: Tensor, fold: np.ndarray, size: int, labeled: LabeledSet
) -> Accuracy:
    """The accuracy on every part of classifiers of the other parts, of the first `size` answers."""
    early, right = np.arange(len(labels)) < size, 0
    for number in range(FOLDS):
        learned, tested = _rows(early & (fold != number)), _rows(fold == number)
        if not len(learned) or not len(tested):
            continue
        layers = fit_layers(
            z[learned],
            labels[learned],
            labeled.num_classes,
            loss=weighted_cross_entropy,
            settings=LINEAR,
        )
        right += int((layers(z[tested])[0].argmax(dim=1) == labels[tested]).sum())
    return Accuracy(size, right / len(labels), len(labels))


def _rows(mask: np.ndarray) -> Tensor:
    return torch.from_numpy(np.flatnonzero(mask))
