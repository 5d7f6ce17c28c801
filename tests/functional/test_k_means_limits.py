"""As many points as clusters, and as many as the first that are fitted in batches: exact limits."""

import sys

import pytest
import torch
from torch import Tensor

from openal.functional.k_means import k_means

module = sys.modules[k_means.__module__]  # the package may offer a function of the same name
POINTS = torch.randperm(23, generator=torch.Generator().manual_seed(0))[:, None].float()


def test_as_many_clusters_as_distinct_points_stand_in_the_order_of_their_values() -> None:
    labels, centers = k_means(POINTS, len(POINTS))
    assert centers.equal(POINTS.sort(dim=0).values)
    assert labels.equal(POINTS[:, 0].long())


@pytest.mark.parametrize("number, expected", [(20, False), (21, True)])
def test_batches_are_taken_above_the_limit(
    number: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batched = []

    def recorded(points: Tensor, weight: Tensor, count: int, seed: int, batches: bool) -> Tensor:
        batched.append(batches)
        return torch.zeros(len(points), dtype=torch.int64)

    monkeypatch.setattr(module, "_labels", recorded)
    monkeypatch.setattr(module, "BATCHED_FROM", 20)
    k_means(POINTS[:number], 2)
    assert batched == [expected]
