"""The gate of CCAL: relative to the candidates, almost a step."""

import math
from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import SemanticGate
from openal.view import View


def view_at(degrees: list[float], answers: dict[int, int], seed: int = 0) -> View:
    angle = np.radians(degrees)
    labeled = LabeledSet(len(angle), 2)
    labeled.add(list(answers), list(answers.values()))
    pool = Pool(embeddings=np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return pool.view(labeled, reads=("embeddings",), seed=seed)


@pytest.mark.parametrize("k, threshold", [(100.0, 0.9), (4.0, 0.5), (1e5, 0.2)])
def test_it_is_the_paper_s_formula(k: float, threshold: float) -> None:
    view = view_at([0, 90, 10, 25, 40, 60], {0: 0, 1: UNKNOWN})
    s = np.cos(np.radians([10, 25, 40, 60]))
    scaled = (s - s.min()) / (s.max() - s.min())
    expected = [math.tanh(k * (each - threshold) / 2) for each in scaled]
    assert SemanticGate(k, threshold=threshold)(view).tolist() == pytest.approx(expected, abs=1e-9)


def test_what_is_alike_scores_alike() -> None:
    scores = SemanticGate()(view_at([0, 30, 30, -30], {0: 1}))
    assert scores.tolist() == pytest.approx([-1.0] * 3)


def test_without_a_known_answer_the_order_is_random() -> None:
    drawn = [SemanticGate()(view_at([0, 30, 50], {0: UNKNOWN}, seed)) for seed in (0, 0, 1)]
    assert drawn[0].tolist() == drawn[1].tolist() != drawn[2].tolist()
    assert max(drawn[0].tolist()) < -1


@pytest.mark.parametrize("options", [{"k": 0}, {"k": "1"}, {"threshold": math.nan}])
def test_options_that_cannot_be_are_refused(options: Any) -> None:
    with pytest.raises(ArgumentError, match=next(iter(options))):
        SemanticGate(**options)
