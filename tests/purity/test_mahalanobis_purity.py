"""Near the known and far from every kind of unknown."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from openal import UNKNOWN, LabeledSet, Pool
from openal.errors import ArgumentError
from openal.purity import MahalanobisPurity

RNG = np.random.default_rng(0)
CENTERS = 4 * np.eye(6)
KIND = np.arange(150) % 5  # 0 and 1 are known, 2 to 4 unknown
EMBEDDINGS = CENTERS[KIND] + 0.5 * RNG.normal(size=(150, 6))
LABELS = np.where(KIND < 2, KIND, UNKNOWN)


def scores(part: MahalanobisPurity, answered: Any, embeddings: Any = EMBEDDINGS) -> Tensor:
    labeled = LabeledSet(len(embeddings), 2)
    labeled.add(answered, LABELS[answered])
    return part(Pool(embeddings=embeddings).view(labeled, reads=("embeddings",)))


def by_hand(answered: np.ndarray, count: int, prior: float) -> np.ndarray:
    """The same from NumPy's inverse and scikit-learn's k-means."""
    z = EMBEDDINGS / np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)
    variances, m = z[answered].var(axis=0), len(answered)
    variances = (m * variances + variances.mean()) / (m + 1)
    z = (z - z[answered].mean(axis=0)) / np.sqrt(variances)

    def distances(sample: np.ndarray) -> np.ndarray:
        n = len(sample)
        spread = (n * np.cov(sample.T, bias=True) + prior * np.eye(6)) / (n + prior)
        away = np.delete(z, answered, axis=0) - sample.mean(axis=0)
        return np.einsum("nd,de,ne->n", away, np.linalg.inv(spread), away)

    def share(x: np.ndarray) -> np.ndarray:
        return (x - x.min()) / (x.max() - x.min())

    known, unknown = (z[answered[(KIND[answered] < 2) == side]] for side in (True, False))
    found = KMeans(count, n_init=5, random_state=3).fit(unknown).labels_
    nearest = np.min([distances(unknown[found == c]) for c in range(count)], axis=0)
    return share(nearest) - share(distances(known))


@pytest.mark.parametrize("prior", [1.0, 6.0])
def test_numpy_gives_the_same(prior: float) -> None:
    answered = np.arange(60)
    found = scores(MahalanobisPurity(clusters=3, prior=prior), answered)
    assert found.numpy() == pytest.approx(by_hand(answered, 3, prior), abs=1e-5)


def test_the_known_come_first() -> None:
    found = scores(MahalanobisPurity(), np.arange(60))
    known = torch.from_numpy(KIND[60:] < 2)
    assert found[known].min() > found[~known].max()


def test_there_are_no_more_clusters_than_unknown() -> None:
    answered = np.array([0, 1, 5, 6, 2, 3])
    nine, two = (scores(MahalanobisPurity(clusters=count), answered) for count in (9, 2))
    assert nine.equal(two)


def test_before_the_first_unknown_the_known_decide() -> None:
    found = scores(MahalanobisPurity(), np.flatnonzero(KIND < 2)[:20])
    known = torch.from_numpy(np.delete(KIND, np.flatnonzero(KIND < 2)[:20]) < 2)
    assert (found.min(), found.max()) == (-1, 0)
    assert found[known].mean() > found[~known].mean() + 0.3


@pytest.mark.parametrize("answered", [np.arange(0), np.flatnonzero(KIND == 3)[:9]])
def test_before_the_first_known_answer_all_are_equal(answered: np.ndarray) -> None:
    assert scores(MahalanobisPurity(), answered).tolist() == [0] * (150 - len(answered))


def test_the_length_of_an_embedding_does_not_matter() -> None:
    longer = EMBEDDINGS * RNG.uniform(1, 9, (150, 1))
    found = scores(MahalanobisPurity(), np.arange(60))
    torch.testing.assert_close(scores(MahalanobisPurity(), np.arange(60), longer), found)


def test_all_alike_are_equal() -> None:
    found = scores(MahalanobisPurity(), np.arange(60), np.ones((150, 6)))
    assert found.tolist() == [0] * 90


@pytest.mark.parametrize("wrong", [{"clusters": 0}, {"prior": 0}])
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        MahalanobisPurity(**wrong)
