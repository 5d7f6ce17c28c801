"""Pareto fronts of items and of subsets, against all pairs and all subsets."""

from itertools import combinations
from math import inf
from typing import Any

import pytest
import torch
from torch import Tensor

from openal.errors import ArrayError
from openal.functional import pareto
from openal.functional.pareto import _searched, pareto_front, pareto_layers, pareto_subset
from tests.walking import walked


def surpasses(a: Tensor, b: Tensor) -> bool:
    return bool((a >= b).all() and (a > b).any())


def front_by_hand(values: Tensor) -> list[bool]:
    return [not any(surpasses(other, each) for other in values) for each in values]


oracle_of_pareto_front = front_by_hand


def drawn(seed: int, n: int, levels: int | None = None) -> Tensor:
    values = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return values if levels is None else (values * levels).round()


CASES = [drawn(0, 60), drawn(1, 60, 1), drawn(2, 60, 3), torch.zeros(5, 2), drawn(3, 1)]
CASES += [torch.arange(8.0).repeat(2, 1).T, torch.stack([torch.arange(8.0), torch.zeros(8)], 1)]


@walked
@pytest.mark.parametrize("values", CASES)
def test_the_front_is_what_nothing_surpasses(values: Tensor) -> None:
    assert pareto_front(values).tolist() == front_by_hand(values)
    order = torch.randperm(len(values), generator=torch.Generator().manual_seed(0))
    assert torch.equal(pareto_front(values[order]), pareto_front(values)[order])


@pytest.mark.long
@walked
@pytest.mark.parametrize("values", CASES)
@pytest.mark.parametrize("count", [1, 7, 1000])
def test_layers_are_fronts_of_what_is_left(values: Tensor, count: int) -> None:
    left, taken = list(range(len(values))), list[int]()
    while len(taken) < min(count, len(values)):
        front = [i for i, best in zip(left, front_by_hand(values[left]), strict=True) if best]
        taken += front
        left = [i for i in left if i not in front]
    assert pareto_layers(values, count).tolist() == sorted(taken)


oracle_of_pareto_layers = test_layers_are_fronts_of_what_is_left


@walked
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [1, 3, 7, 8])
def test_of_all_subsets_none_surpasses_the_chosen(seed: int, size: int) -> None:
    values = drawn(seed, 8, None if seed % 2 else 1)
    chosen = pareto_subset(values, size, generator=torch.Generator(), patience=1)
    assert chosen.tolist() == sorted(set(chosen.tolist())) and len(chosen) == size
    sums = [values[list(each)].sum(dim=0) for each in combinations(range(8), size)]
    assert not any(surpasses(each, values[chosen].sum(dim=0) + 1e-12) for each in sums)


def nearest_to_ideal(sums: Tensor) -> int:
    """Of a front: the sums nearest to the best of both, each from 0 to 1; of equals, the first."""
    distances = []
    for pair in sums.tolist():
        parts = [(max(c) - x, max(c) - min(c)) for x, c in zip(pair, sums.T.tolist(), strict=True)]
        distances.append(sum((short / span) ** 2 for short, span in parts if span))
    return distances.index(min(distances))


@pytest.mark.long
@walked
@pytest.mark.parametrize("scales", [(1.0, 1.0), (1.0, 0.01), (0.1, 30.0), (1.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("seed", range(3))
def test_of_the_front_the_nearest_to_the_best_of_both_is_chosen(
    seed: int, scales: tuple[float, float]
) -> None:
    values = drawn(seed, 8) * torch.tensor(scales)
    every = torch.tensor(list(combinations(range(8), 3)))
    sums = values[every].sum(dim=1)
    front = torch.tensor(front_by_hand(sums)).nonzero()[:, 0]
    expected = every[front[nearest_to_ideal(sums[front])]]
    chosen = pareto_subset(values, 3, generator=torch.Generator(), patience=1)
    assert chosen.tolist() == expected.tolist()


def searched_by_hand(values: Tensor, size: int, draws: float, patience: float, seed: int) -> Tensor:
    """Which of the subsets drawn until then are first on the front, for all that were drawn."""
    generator = torch.Generator().manual_seed(seed)
    front: dict[tuple[float, ...], list[int]] = {}
    drawn = unchanged = 0
    while drawn < draws and unchanged < patience:
        keys = torch.rand(pareto.CHUNK, len(values), generator=generator, dtype=torch.float64)
        before = set(front)
        for subset in keys.argsort(dim=1, descending=True)[:, :size].sort(dim=1).values:
            front.setdefault(tuple(values[subset].sum(dim=0).tolist()), subset.tolist())
        kept = front_by_hand(torch.tensor(list(front), dtype=torch.float64))
        front = {sums: each for (sums, each), best in zip(front.items(), kept, strict=True) if best}
        drawn += pareto.CHUNK
        unchanged = 0 if set(front) - before else unchanged + pareto.CHUNK
    return torch.tensor(list(front.values()))


oracle_of_pareto_subset = searched_by_hand


@walked
@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize(
    "draws, patience", [(1, inf), (48, inf), (49, inf), (inf, 1), (inf, 17), (inf, 48), (90, 33)]
)
def test_the_search_ends_by_its_draws_or_where_nothing_changes(
    monkeypatch: pytest.MonkeyPatch, draws: Any, patience: Any, levels: int | None
) -> None:
    monkeypatch.setattr(pareto, "CHUNK", 16)
    values = drawn(8, 30, levels)
    found = _searched(values, 4, draws, patience, torch.Generator().manual_seed(0))
    assert torch.equal(found, searched_by_hand(values, 4, draws, patience, 0))


@pytest.mark.parametrize("few, is_drawn", [(19, True), (20, False)])
def test_few_subsets_are_all_seen_and_none_is_drawn(
    monkeypatch: pytest.MonkeyPatch, few: int, is_drawn: bool
) -> None:
    monkeypatch.setattr(pareto, "MOST_ENUMERATED", few)
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    pareto_subset(drawn(9, 6), 3, generator=generator, patience=1)
    assert torch.equal(generator.get_state(), before) != is_drawn


@pytest.mark.parametrize("seed", range(4))
def test_enough_draws_find_the_whole_front(seed: int) -> None:
    values = drawn(seed, 10)
    generator = torch.Generator().manual_seed(seed)
    found = _searched(values, 5, 6000, 6000, generator)
    every = torch.stack([values[list(each)].sum(dim=0) for each in combinations(range(10), 5)])
    expected = every[pareto_front(every)].unique(dim=0)
    torch.testing.assert_close(values[found].sum(dim=1).unique(dim=0), expected)


def test_drawn_subsets_are_better_than_most() -> None:
    values = drawn(5, 200)
    generator = torch.Generator().manual_seed(0)
    chosen = pareto_subset(values, 10, generator=generator, draws=5000, patience=5000)
    keys = torch.rand(500, 200, generator=generator)
    sums = values[keys.topk(10, dim=1).indices].sum(dim=1)
    worse = (sums <= values[chosen].sum(dim=0)).all(dim=1).double().mean()
    assert worse > 0.5
    assert not any(surpasses(each, values[chosen].sum(dim=0)) for each in sums)


def test_the_search_repeats_under_a_seed_and_stops_early() -> None:
    values = drawn(6, 100)
    results = [
        pareto_subset(
            values, 5, generator=torch.Generator().manual_seed(seed), draws=10**9, patience=500
        ).tolist()
        for seed in (1, 1, 2)
    ]
    assert results[0] == results[1] != results[2]


def test_more_than_there_are() -> None:
    values = drawn(7, 4)
    assert pareto_subset(values, 9, generator=torch.Generator(), patience=1).tolist() == [
        0,
        1,
        2,
        3,
    ]


def test_refuses_what_are_no_pairs() -> None:
    with pytest.raises(ArrayError, match=r"values must be \(N, 2\)"):
        pareto_front(torch.zeros(3, 3))
    with pytest.raises(ArrayError, match="row 1"):
        pareto_layers(torch.tensor([[0.0, 0.0], [torch.nan, 0.0]]), 1)
