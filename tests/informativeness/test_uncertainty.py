"""How unsure is the classifier?"""

from typing import Any

import numpy as np
import pytest

from openal.informativeness import Entropy, LeastConfidence, Margin
from openal.labeled import LabeledSet
from openal.pool import Pool

P = np.array([[0.7, 0.2, 0.1], [0.4, 0.3, 0.3], [1 / 3, 1 / 3, 1 / 3]])


def scores(part: Any, num_classes: int = 3, **signals: np.ndarray) -> list[float]:
    labeled = LabeledSet(len(next(iter(signals.values()))), num_classes)
    found: list[float] = part(Pool(**signals).view(labeled, reads=signals)).tolist()
    return found


def test_entropy_in_nats() -> None:
    expected = (-P * np.log(P)).sum(axis=1).tolist()
    assert scores(Entropy(), logits=np.log(P)) == pytest.approx(expected)
    assert expected[2] == pytest.approx(np.log(3))


def test_what_the_best_class_lacks() -> None:
    assert scores(LeastConfidence(), logits=np.log(P)) == pytest.approx([0.3, 0.6, 2 / 3])


def test_one_minus_the_gap_of_the_two_best() -> None:
    assert scores(Margin(), logits=np.log(P)) == pytest.approx([0.5, 0.9, 1.0])


@pytest.mark.parametrize("part", [Entropy(), LeastConfidence(), Margin()])
def test_a_certain_prediction_scores_zero(part: Any) -> None:
    assert scores(part, logits=np.array([[900.0, 0, 0]])) == [0.0]


@pytest.mark.parametrize("part", [Entropy(), LeastConfidence(), Margin()])
def test_one_class_is_always_certain(part: Any) -> None:
    assert scores(part, num_classes=1, logits=np.array([[3.0], [4.0]])) == [0.0, 0.0]


def test_the_entropy_of_a_detector_may_leave_out_the_unknown() -> None:
    detector = np.hstack([np.log(P), np.full((3, 1), 5.0)])
    part = Entropy(known_only=True, logits="detector_logits")
    expected = scores(Entropy(), logits=np.log(P))
    assert scores(part, detector_logits=detector) == pytest.approx(expected)
    every = Entropy(logits="detector_logits")
    assert scores(every, detector_logits=detector) != pytest.approx(expected)


@pytest.mark.parametrize("kind", [Entropy, LeastConfidence, Margin])
def test_logits_of_another_name(kind: Any) -> None:
    assert scores(kind(logits="probe"), probe=np.log(P)) == scores(kind(), logits=np.log(P))
