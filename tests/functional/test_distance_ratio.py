"""The quotient of distances, written down once more with loops."""

import math

import numpy as np
import pytest
import torch

from openal.errors import ArrayError
from openal.functional import distance_ratio, own_distance_ratio
from tests.walking import walked


def nearest(x: np.ndarray, z: np.ndarray, among: list[int]) -> tuple[int, float]:
    """The first of the nearest rows, and how far it is."""
    far = {at: math.dist(x, z[at]) for at in among}
    best = min(among, key=lambda at: (round(far[at], 9), at))
    return best, far[best]


def to_others(z: np.ndarray, labels: np.ndarray) -> list[float]:
    found = []
    for row, label in zip(z, labels, strict=True):
        others = [at for at in range(len(z)) if labels[at] != label]
        found.append(nearest(row, z, others)[1] if others else math.nan)
    return found


def slow(
    x: np.ndarray, owner: np.ndarray, z: np.ndarray, labels: np.ndarray, apart: bool = False
) -> list[float]:
    """One point after the other; `apart` leaves out the reference in its own place."""
    away, found = to_others(z, labels), []
    for place, (row, label) in enumerate(zip(x, owner, strict=True)):
        mine = [at for at in range(len(z)) if labels[at] == label and not (apart and at == place)]
        if not mine or math.isnan(away[mine[0]]):
            found.append(math.nan)
            continue
        best, distance = nearest(row, z, mine)
        found.append(min(distance / away[best], 2.0**40) if away[best] else 0.0)
    return found


def own(z: np.ndarray, labels: np.ndarray) -> list[float]:
    return slow(z, labels, z, labels, apart=True)


oracle_of_distance_ratio = slow
oracle_of_own_distance_ratio = own

KINDS = ("plain", "clusters", "whole numbers", "twice", "zeros", "one class", "far from 0")


def drawn(kind: str, seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and their classes, of which the last has one member at most."""
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(size, 4)), rng.integers(0, 3, size)
    labels[-1:] = 3
    if kind == "clusters":
        z = 4 * np.eye(4)[labels] + 0.3 * z
    elif kind == "whole numbers":
        z = z.round()
    elif kind == "twice":
        z = z[np.arange(size) // 2]
    elif kind == "zeros":
        z[::3] = 0
    elif kind == "one class":
        labels[:] = 1
    elif kind == "far from 0":
        z += 100
    return z, labels


@walked
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 2, 30])
def test_are_the_loops(kind: str, size: int) -> None:
    z, labels = drawn(kind, size, size)
    x, owner = drawn(kind, 99, 25)
    points, references = torch.from_numpy(x), torch.from_numpy(z)
    classes, known = torch.from_numpy(owner), torch.from_numpy(labels)
    for found, expected in (
        (distance_ratio(points, classes, references, known), slow(x, owner, z, labels)),
        (own_distance_ratio(references, known), own(z, labels)),
    ):
        assert found.dtype == torch.float64
        assert found.tolist() == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_no_references_leave_nothing_to_compare_with() -> None:
    none, classes = torch.empty(0, 3), torch.zeros(2, dtype=torch.int64)
    found = distance_ratio(torch.ones(2, 3), classes, none, torch.empty(0, dtype=torch.int64))
    assert found.isnan().all()
    assert len(own_distance_ratio(none, torch.empty(0, dtype=torch.int64))) == 0


def test_a_copy_in_another_class_makes_it_0() -> None:
    references, labels = torch.tensor([[1.0], [1.0]]), torch.tensor([0, 1])
    found = distance_ratio(torch.tensor([[3.0]]), torch.tensor([0]), references, labels)
    assert found.tolist() == [0.0]


@pytest.mark.parametrize("factor", [2.0**-80, 2.0**80])
def test_the_scale_does_not_matter(factor: float) -> None:
    z, labels = (torch.from_numpy(each) for each in drawn("plain", 0, 30))
    found, expected = (own_distance_ratio(f * z.float(), labels) for f in (factor, 1.0))
    assert found.nan_to_num(-1).equal(expected.nan_to_num(-1))


def test_blocks_of_points_change_no_bit() -> None:
    z, labels = (torch.from_numpy(each) for each in drawn("whole numbers", 0, 40))
    x, owner = (torch.from_numpy(each) for each in drawn("whole numbers", 5, 60))
    whole = distance_ratio(x, owner, z, labels)
    parts = [
        distance_ratio(x[at : at + 7], owner[at : at + 7], z, labels) for at in range(0, 60, 7)
    ]
    assert torch.cat(parts).equal(whole)


def test_what_cannot_be() -> None:
    z, labels = torch.ones(3, 2), torch.tensor([0, 1, 1])
    with pytest.raises(ArrayError, match=r"\(N, d\) and \(m, d\)"):
        distance_ratio(torch.ones(3, 1), labels, z, labels)
    with pytest.raises(ArrayError, match="labels must be one for each of 3"):
        own_distance_ratio(z, labels[:2])
    with pytest.raises(ArrayError, match="references"):
        own_distance_ratio(torch.full((3, 2), torch.nan), labels)
