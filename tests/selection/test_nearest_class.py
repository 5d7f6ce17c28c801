"""The class of the nearest known item."""

import numpy as np
import pytest

from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.selection import NearestClass


def classes(z: np.ndarray, answers: dict[int, int]) -> list[int]:
    labeled = LabeledSet(len(z), 3)
    labeled.add(list(answers), list(answers.values()))
    view = Pool(embeddings=z).view(labeled, reads=("embeddings",))
    found: list[int] = NearestClass()(view).tolist()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_against_a_loop(seed: int) -> None:
    z = np.random.default_rng(seed).normal(size=(30, 4))
    answers = {4: 2, 9: UNKNOWN, 2: 1, 20: 2, 21: 1}
    units = z / np.linalg.norm(z, axis=1, keepdims=True)
    known = [index for index, label in answers.items() if label >= 0]
    expected = []
    for row in sorted({*range(30)} - {*answers}):
        cosines = [float(units[row] @ units[index]) for index in known]
        expected.append(answers[known[int(np.argmax(cosines))]])
    assert classes(z, answers) == expected


def test_of_equally_near_items_the_lowest_index_counts() -> None:
    z = np.array([[1.0, 0], [1, 0], [2, 0]])
    assert classes(z, {1: 2, 0: 1}) == [1]
    assert classes(z, {0: 1, 1: 2}) == [1]


def test_before_any_known_answer_there_is_one_group() -> None:
    assert classes(np.eye(3), {1: UNKNOWN}) == [0, 0]
