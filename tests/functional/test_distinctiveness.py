"""The agreement with the two nearest anchors, written down once more with a loop."""

import numpy as np
import pytest
import torch
from torch import Tensor

from openal.functional.distinctiveness import agreement_bounds, anchor_agreement
from tests.walking import walked


def by_loop(queries: np.ndarray, anchors: np.ndarray) -> list[float]:
    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        length = np.linalg.norm(a) * np.linalg.norm(b)
        return float(a @ b / length) if length else 0.0

    found = []
    for query in queries:
        cosines = [cosine(query, each) for each in anchors]
        order = sorted(range(len(anchors)), key=lambda at: (-round(cosines[at], 11), at))
        a, b = order[0], order[min(1, len(order) - 1)]
        found.append(cosines[a] - cosines[b] + cosine(anchors[a], anchors[b]) + cosines[a])
    return found


oracle_of_anchor_agreement = by_loop


@pytest.mark.long
@walked
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["plain", "clusters", "twice", "zeros"])
@pytest.mark.parametrize("count", [1, 2, 9])
def test_against_the_loop(seed: int, kind: str, count: int) -> None:
    rng = np.random.default_rng(seed)
    queries, anchors = rng.normal(size=(30, 5)), rng.normal(size=(count, 5))
    if kind == "clusters":
        queries, anchors = (
            4 * np.eye(5)[np.arange(len(z)) % 3] + 0.1 * z for z in (queries, anchors)
        )
    elif kind == "twice":
        queries, anchors = queries[np.arange(30) // 2], anchors[np.arange(count) // 2]
    elif kind == "zeros":
        queries[::4], anchors[::3] = 0, 0
    found = anchor_agreement(torch.from_numpy(queries), torch.from_numpy(anchors))
    assert found.tolist() == pytest.approx(by_loop(queries, anchors), abs=1e-9)
    single = anchor_agreement(torch.from_numpy(queries).float(), torch.from_numpy(anchors).float())
    assert single.dtype == torch.float32


def bits(z: Tensor) -> list[float]:
    return anchor_agreement(
        z, torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    ).tolist()


def test_equal_rows_agree_alike_in_any_block() -> None:
    row = torch.randn(1, 4, generator=torch.Generator().manual_seed(0))
    assert set(bits(row.repeat(19, 1))) == set(bits(row))


@pytest.mark.parametrize("count", [1, 2, 7])
def test_an_agreement_is_within_its_bounds(count: int) -> None:
    queries, anchors = torch.randn(50, 6), torch.randn(count, 6)
    anchors[-1] = anchors[0] if count > 2 else anchors[-1]  # a copy: which is second is not certain
    queries[0] = 0
    low, high = agreement_bounds(queries, [anchors])[:, 0].unbind(dim=1)
    exact = anchor_agreement(queries, anchors).double()
    assert (low <= exact).all() and (exact <= high).all()
    assert (high[low > -torch.inf] - low[low > -torch.inf] < 1e-5).all()
