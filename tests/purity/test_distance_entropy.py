import numpy as np
import pytest
from torch import Tensor

from openal.errors import ArgumentError
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.purity import DistanceEntropy

# Three directions of unknown items, two of each; their centers are (2, 0), (0, 2) and (-2, 0).
UNKNOWNS = [[1.0, 0.0], [3, 0], [0, 1], [0, 3], [-1, 0], [-3, 0]]
CANDIDATES = [[0.0, 0.0], [2, 0], [0, -50], [99, 0]]
Z = np.array(CANDIDATES + UNKNOWNS)


def scores(part: DistanceEntropy, unknown: int, classes: int = 3) -> Tensor:
    labeled = LabeledSet(len(Z), classes)
    labeled.add(range(4, 4 + unknown), [UNKNOWN] * unknown)
    view = Pool(detector_features=Z).view(
        labeled, reads=("detector_features",), candidates=range(4)
    )
    return part(view)


def test_equally_far_is_one_and_close_is_less() -> None:
    middle, close, far, beyond = scores(DistanceEntropy(), 6).tolist()
    assert middle == pytest.approx(1)
    assert close < beyond < far < 1
    # d is 0, 4 and the square root of 8.
    weights = np.exp(-np.array([0, 4, 8**0.5]))
    p = weights / weights.sum()
    assert close == pytest.approx(-(p * np.log(p)).sum() / np.log(3))


def test_one_cluster_or_none_ranks_nobody() -> None:
    assert scores(DistanceEntropy(clusters=1), 6).tolist() == [0] * 4
    assert scores(DistanceEntropy(), 1).tolist() == [0] * 4
    assert scores(DistanceEntropy(), 0).tolist() == [0] * 4


def test_there_are_as_many_clusters_as_classes() -> None:
    assert scores(DistanceEntropy(), 6, classes=2).equal(scores(DistanceEntropy(2), 6))
    assert not scores(DistanceEntropy(2), 6).equal(scores(DistanceEntropy(3), 6))


def test_no_clusters_are_refused() -> None:
    with pytest.raises(ArgumentError, match="clusters must be at least 1"):
        DistanceEntropy(clusters=0)
