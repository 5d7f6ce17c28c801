"""Classifiers that learn from UNKNOWN answers that no class is likelier (outlier exposure)."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.functional import energy
from openal.learners import Classifier, EmbeddingClassifier

RNG = np.random.default_rng(0)
KIND = np.arange(120) % 4
UNIT = np.eye(5)
# The unknown lie where the classes do, but for one direction of their own.
CENTERS = np.stack([3 * UNIT[0], 3 * UNIT[1], 3 * UNIT[0] + 4 * UNIT[2], 3 * UNIT[1] + 4 * UNIT[3]])
Z = (CENTERS[KIND] + RNG.normal(size=(120, 5))).astype(np.float32)
ITEMS = [(torch.from_numpy(row), 0) for row in Z]
POOL = Pool(ITEMS, embeddings=Z)
LABELS = np.where(KIND < 2, KIND, UNKNOWN)
LABELED = LabeledSet(120, 2)
LABELED.add(np.arange(60), LABELS[:60])
LEARNERS = (
    EmbeddingClassifier,
    lambda **options: Classifier(lambda k: nn.Linear(5, k), epochs=60, augment=None, **options),
)


def logits(learner: Any, labeled: LabeledSet = LABELED) -> Tensor:
    fitted = learner.fit(POOL, labeled)
    found: Tensor = fitted.signals(POOL, np.arange(60, 120), ("logits",), progress=False)["logits"]
    return found


def gap(z: Tensor) -> float:
    """By how much the largest probability of known items is above that of unknown ones."""
    sure = z.softmax(dim=1).amax(dim=1).numpy()
    return float(sure[KIND[60:] < 2].mean() - sure[KIND[60:] >= 2].mean())


@pytest.mark.parametrize("kind", LEARNERS, ids=["embeddings", "items"])
def test_unknown_items_are_predicted_more_evenly(kind: Any) -> None:
    assert gap(logits(kind(exposure=0.5))) > gap(logits(kind())) + 0.05


def test_energies_tell_the_kinds_apart() -> None:
    found = energy(logits(EmbeddingClassifier(exposure=0.5)))
    below = found[KIND[60:] < 2][:, None] < found[KIND[60:] >= 2]
    assert below.float().mean() > 0.6


def test_only_unknown_answers_leave_no_opinion() -> None:
    labeled = LabeledSet(120, 2)
    labeled.add([2, 3], [UNKNOWN, UNKNOWN])
    assert logits(EmbeddingClassifier(exposure=0.5), labeled).unique().numel() == 1


@pytest.mark.parametrize("kind", [Classifier, EmbeddingClassifier])
def test_it_is_not_negative(kind: Any) -> None:
    with pytest.raises(ArgumentError, match="exposure"):
        kind(exposure=-1)
