"""The mean cosine with the images of the nearest class, in plain loops."""

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.labeled import SKIPPED, UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import PrototypePurity


def scores(z: np.ndarray, labeled: LabeledSet, seed: int = 0) -> Tensor:
    view = Pool(embeddings=z).view(labeled, reads=("embeddings",), seed=seed)
    return PrototypePurity()(view)


@pytest.mark.parametrize("seed", range(6))
def test_equals_loops_over_the_members(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 5))
    z = rng.normal(size=(30, 4)) * rng.gamma(2, size=(30, 1))
    labeled = LabeledSet(30, k + 1)  # class k has no images
    labeled.add(rng.permutation(30)[:12], [0, *rng.integers(UNKNOWN, k, 11)])
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    expected = []
    for index in labeled.unlabeled_indices:
        means = [
            np.mean(
                [unit[index] @ unit[i] for i in labeled.known_indices[labeled.known_labels == c]]
            )
            for c in set(labeled.known_labels.tolist())
        ]
        expected.append(max(means))
    np.testing.assert_allclose(scores(z, labeled), expected, atol=1e-12)


def test_a_scattered_class_is_less_near_than_a_tight_one() -> None:
    z = np.array([[1.0, 0], [1, 0], [1, 0], [1, 0], [1, 0]])
    z[2:4] = [[0.6, 0.8], [0.6, -0.8]]
    tight, scattered = LabeledSet(5, 1), LabeledSet(5, 1)
    tight.add([0, 1], [0, 0])
    scattered.add([2, 3], [0, 0])
    assert scores(z, tight)[-1].item() == pytest.approx(1)
    assert scores(z, scattered)[-1].item() == pytest.approx(0.6)


@pytest.mark.parametrize("answers", [{}, {3: UNKNOWN, 4: SKIPPED}])
def test_without_a_known_answer_the_order_is_random(answers: dict[int, int]) -> None:
    labeled = LabeledSet(50, 2)
    if answers:
        labeled.add(list(answers), list(answers.values()))
    first, again, other = (scores(np.eye(50), labeled, seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert first.argsort().tolist() != other.argsort().tolist()
    assert (first < -1).all()  # below any mean cosine


def test_other_embeddings_may_be_read() -> None:
    labeled = LabeledSet(3, 1)
    labeled.add(0, 0)
    view = Pool(clip=np.eye(3)).view(labeled, reads=("clip",))
    assert PrototypePurity("clip")(view).tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(3))
def test_of_the_mean_equals_the_cosine_with_the_mean_row(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(30, 4)) * rng.gamma(2, size=(30, 1))
    labeled = LabeledSet(30, 3)  # class 2 has no images
    labeled.add(rng.permutation(30)[:12], [0, 1, *rng.integers(UNKNOWN, 2, 10)])
    known, labels = labeled.known_indices, labeled.known_labels
    means = np.stack([z[known[labels == label]].mean(axis=0) for label in (0, 1)])
    unit, of = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (z, means))
    view = Pool(embeddings=z).view(labeled, reads=("embeddings",))
    found = PrototypePurity(of="mean")(view)
    expected = (unit[labeled.unlabeled_indices] @ of.T).max(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_mean_of_nothing_has_no_direction() -> None:
    labeled = LabeledSet(3, 1)
    labeled.add([0, 1], [0, 0])
    view = Pool(embeddings=np.array([[1.0, 0], [-1, 0], [2, 3]])).view(
        labeled, reads=("embeddings",)
    )
    assert PrototypePurity(of="mean")(view).tolist() == [0.0]
