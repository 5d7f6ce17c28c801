"""The inverse mean distance to the nearest others of a group."""

import importlib

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.errors import ArgumentError
from openal.functional.typicality import typicality
from tests.walking import walked


def by_hand(points: Tensor, groups: Tensor, k: int) -> list[float]:
    """One point after another, all distances by differences."""
    z, found = points.double().numpy(), []
    for i, group in enumerate(groups.tolist()):
        others = [j for j in range(len(z)) if groups[j] == group and j != i]
        distances = sorted(np.linalg.norm(z[i] - z[j]) for j in others)[:k]
        found.append(1 / (1e-5 + np.mean(distances)) if distances else 0.0)
    return found


oracle_of_typicality = by_hand


def drawn(seed: int, kind: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(60, 5, generator=generator)
    if kind == "lattice":
        points = points.round()
    if kind == "copies":
        points = points[torch.arange(60) // 20]
    if kind == "far away":
        points = points + 1000
    return points, torch.randint(5, (60,), generator=generator) * 3 - 1


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["plain", "lattice", "copies", "far away"])
@pytest.mark.parametrize("k", [1, 4, 20])
def test_it_is_what_one_point_after_another_gives(seed: int, kind: str, k: int) -> None:
    points, groups = drawn(seed, kind)
    found = typicality(points, groups, k)
    assert found.dtype == torch.float64
    assert found.tolist() == pytest.approx(by_hand(points, groups, k), rel=1e-9)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    points, groups = drawn(0, "plain")
    whole = typicality(points, groups)
    module = importlib.import_module("openal.functional.typicality")  # not the function
    monkeypatch.setattr(module, "BLOCK_ELEMENTS", 30)
    assert typicality(points, groups).tolist() == pytest.approx(whole.tolist(), rel=1e-12)


def test_equal_points_are_equally_typical() -> None:
    points, groups = drawn(1, "plain")
    found = typicality(points.repeat(3, 1), groups.repeat(3), 7)
    assert torch.equal(found[:60], found[60:120])
    assert torch.equal(found[:60], found[120:])


def test_alone_and_among_copies() -> None:
    found = typicality(torch.tensor([[1.0], [1.0], [5.0]]), torch.tensor([7, 7, 2]))
    assert found.tolist() == pytest.approx([1e5, 1e5, 0])


def test_no_points() -> None:
    assert typicality(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)).shape == (0,)


def test_what_cannot_be_is_refused() -> None:
    points, groups = torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64)
    for wrong in ((points, groups[:2], 1), (points, groups, 0), (points, groups.float(), 1)):
        with pytest.raises(ArgumentError):
            typicality(*wrong)
