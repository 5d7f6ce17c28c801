"""The candidate nearest to each center."""

from typing import Any

import numpy as np
import pytest
import torch

from openal.errors import ArgumentError
from openal.labeled import LabeledSet
from openal.pool import Pool
from openal.query import Chain
from openal.selection.k_means import KMeansCenters
from openal.selection.vectors import Directions, Signal
from openal.view import View

RNG = np.random.default_rng(0)
# Around three directions, at three lengths, in blobs of 9, 7 and 4.
BLOBS = np.repeat(np.eye(4)[:3], [9, 7, 4], axis=0) + 0.05 * RNG.normal(size=(20, 4))
FEATURES = BLOBS * RNG.uniform(1, 9, size=(20, 1))


def view(features: np.ndarray, seed: int = 0) -> View:
    return Pool(features=features).view(
        LabeledSet(len(features), 2), reads=("features",), seed=seed
    )


@pytest.mark.parametrize("seed", range(3))
def test_each_blob_gives_its_middle_the_largest_first(seed: int) -> None:
    step = KMeansCenters(Directions())(view(FEATURES, seed), 3)
    unit = FEATURES / np.linalg.norm(FEATURES, axis=1, keepdims=True)
    for index, (start, stop) in zip(step.kept, [(0, 9), (9, 16), (16, 20)], strict=True):
        blob = unit[start:stop]
        nearest = np.linalg.norm(blob - blob.mean(axis=0), axis=1).argmin()
        assert index == start + nearest
    assert step.n_filled == 0


def test_copies_are_filled_in_after_all_clusters_and_counted() -> None:
    step = KMeansCenters(Directions())(view(FEATURES[[0, 9, 0, 9, 0]]), 4)
    assert step.kept.tolist() == [0, 1, 2, 3]
    assert step.n_filled == 2


@pytest.mark.parametrize("budget", [1, 19, 20, 99])
def test_the_count_is_exact(budget: int) -> None:
    kept = KMeansCenters(Directions())(view(FEATURES), budget).kept
    assert len(set(kept.tolist())) == len(kept) == min(budget, 20)


def test_a_row_of_zeros_has_no_direction_and_is_a_vector() -> None:
    features = np.array([[0.0, 0], [0, 2], [3, 0]], np.float16)
    vectors = Directions()(view(features))
    assert vectors.tolist() == [[0, 0], [0, 1], [1, 0]]
    assert vectors.dtype == torch.float32
    assert sorted(KMeansCenters(Directions())(view(features), 3).kept.tolist()) == [0, 1, 2]


def test_it_reads_what_its_vectors_read() -> None:
    assert Chain(KMeansCenters(Directions("clip"))).reads == ("clip",)


def test_vectors_by_name_are_as_they_are() -> None:
    assert KMeansCenters("features") == KMeansCenters(Signal("features"))
    step = KMeansCenters("features")(view(np.array([[1.0], [2.0], [3.0], [50.0], [60.0]])), 2)
    assert step.kept.tolist() == [1, 3]


@pytest.mark.parametrize("vectors", [3, None, Directions])
def test_vectors_are_a_function(vectors: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^vectors must be"):
        KMeansCenters(vectors)
