"""The answered neighbours of every candidate, searched once per query."""

import numpy as np
import pytest
import torch

from openal import neighbors
from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.neighbors import answered_neighbors
from openal.pool import Pool
from openal.view import View

# Directions in degrees: candidates 0..2, answered 3..6.
DEGREES = np.array([0.0, 90, 45, 10, 80, 200, 5])
Z = np.stack([np.cos(np.radians(DEGREES)), np.sin(np.radians(DEGREES))], axis=1)


def viewed(answers: dict[int, int], z: np.ndarray = Z) -> View:
    labeled = LabeledSet(len(z), 2)
    labeled.add(list(answers), list(answers.values()))
    candidates = [index for index in (0, 1, 2) if index not in answers]
    return Pool(embeddings=z).view(labeled, reads=("embeddings",), candidates=candidates)


ANSWERS = {3: 1, 4: 0, 5: UNKNOWN, 6: SKIPPED}


def test_labels_and_cosines_nearest_first() -> None:
    labels, cosines = answered_neighbors(viewed(ANSWERS), 2, "embeddings")
    assert labels.tolist() == [[1, 0], [0, 1], [1, 0]]
    expected = np.cos(np.radians([[10, 80], [10, 80], [35, 35]]))
    assert np.allclose(cosines.numpy(), expected, atol=1e-6)


def test_unknowns_are_neighbours_and_skipped_are_not() -> None:
    labels, _ = answered_neighbors(viewed(ANSWERS), 3, "embeddings")
    assert labels.tolist() == [[1, 0, UNKNOWN], [0, 1, UNKNOWN], [1, 0, UNKNOWN]]
    assert labels.dtype == torch.int64


def test_there_are_at_most_as_many_as_were_answered() -> None:
    labels, cosines = answered_neighbors(viewed(ANSWERS), 100, "embeddings")
    assert labels.shape == cosines.shape == (3, 3)


@pytest.mark.parametrize("answers", [{}, {3: SKIPPED}])
def test_without_answers_there_are_none(answers: dict[int, int]) -> None:
    labels, cosines = answered_neighbors(viewed(answers), 5, "embeddings")
    assert labels.shape == cosines.shape == (3, 0)
    assert labels.dtype == torch.int64


def test_only_unknowns_are_enough() -> None:
    labels, _ = answered_neighbors(viewed({5: UNKNOWN}), 5, "embeddings")
    assert labels.tolist() == [[UNKNOWN]] * 3


def test_equally_near_ones_come_known_first_then_in_answer_order() -> None:
    z = np.tile([[1.0, 0.0]], (7, 1))
    labels, _ = answered_neighbors(viewed({6: UNKNOWN, 5: 1, 3: 0}, z), 3, "embeddings")
    assert labels[0].tolist() == [1, 0, UNKNOWN]


def test_many_classes_keep_their_labels() -> None:
    labeled = LabeledSet(7, 50_000)
    labeled.add([3, 4], [49_999, 1234])
    view = Pool(embeddings=Z.astype(np.float16)).view(labeled, reads=("embeddings",))
    labels, _ = answered_neighbors(view, 1, "embeddings")
    assert labels[:2, 0].tolist() == [49_999, 1234]


def test_a_query_searches_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[int] = []
    search = neighbors.knn
    monkeypatch.setattr(neighbors, "knn", lambda *a, **b: (searches.append(1), search(*a, **b))[1])
    view = viewed(ANSWERS)
    answered_neighbors(view, 2, "embeddings")
    labels, _ = answered_neighbors(view.at(torch.tensor([2, 1])), 2, "embeddings")
    assert labels.tolist() == [[1, 0], [0, 1]]
    assert len(searches) == 1


def test_another_k_is_another_search() -> None:
    view = viewed(ANSWERS)
    assert answered_neighbors(view, 1, "embeddings")[0].shape == (3, 1)
    assert answered_neighbors(view, 2, "embeddings")[0].shape == (3, 2)
