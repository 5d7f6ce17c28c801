"""BADGE's draws, against gradients that exist and the law of k-means++."""

import sys
from collections import Counter
from itertools import permutations

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from openal.errors import ArrayError
from openal.functional import gradient_kmeans_pp, kmeans_pp
from openal.functional.gradient_kmeans import gradient_factors
from openal.functional.kmeans_pp import squared_distances
from tests.walking import walked


def gradients(logits: Tensor, features: Tensor) -> Tensor:
    """The gradients [N, K * d] of the cross-entropy to the predicted class, by autograd."""
    weights = torch.zeros(logits.shape[1], features.shape[1], dtype=torch.float64)
    found = []
    for z, h in zip(logits.double(), features.double(), strict=True):
        w = weights.clone().requires_grad_()
        loss = -(z + w @ h).log_softmax(dim=0)[int(z.argmax())]
        found.append(torch.autograd.grad(loss, w)[0].flatten())
    return torch.stack(found)


def drawn(seed: int, n: int = 40) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(n, 3, generator=rng), torch.randn(n, 5, generator=rng)


def ask(logits: Tensor, features: Tensor, budget: int, seed: int = 0) -> list[int]:
    return gradient_kmeans_pp(
        logits, features, budget, torch.Generator().manual_seed(seed)
    ).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_the_gradients(seed: int) -> None:
    logits, features = drawn(seed)
    g, rows = gradients(logits, features), gradient_factors(logits, features)
    explicit = (g[:, None] - g).square().sum(dim=2)
    torch.testing.assert_close(squared_distances(rows, rows), explicit, rtol=1e-4, atol=1e-12)
    torch.testing.assert_close(rows.squares, g.square().sum(dim=1), rtol=1e-4, atol=0)


def test_the_surest_rows_still_have_a_gradient() -> None:
    rows = gradient_factors(torch.tensor([[90.0, 0, 0]]), torch.ones(1, 1))
    assert rows.left[0].tolist() == pytest.approx([1.64e-39, -8.2e-40, -8.2e-40], rel=1e-2)


def test_copies_are_at_zero() -> None:
    logits, features = drawn(0)
    rows = gradient_factors(logits.repeat(2, 1), 1e3 * features.repeat(2, 1))
    assert (squared_distances(rows, rows)[:40, 40:].diagonal() == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_longest_gradient_comes_first(seed: int) -> None:
    logits, features = drawn(seed)
    longest = int(gradients(logits, features).square().sum(dim=1).argmax())
    assert ask(logits, features, 1) == [longest]


def law(g: Tensor, budget: int) -> dict[tuple[int, ...], float]:
    """The probability of every outcome of k-means++ that begins with the longest."""
    first = int(g.square().sum(dim=1).argmax())
    apart = (g[:, None] - g).square().sum(dim=2)
    outcomes = {}
    for rest in permutations(set(range(len(g))) - {first}, budget - 1):
        chosen, p = [first], 1.0
        for row in rest:
            nearest = apart[chosen].amin(dim=0)
            p *= float(nearest[row] / nearest.sum())
            chosen.append(row)
        outcomes[tuple(chosen)] = p
    return outcomes


oracle_of_gradient_kmeans_pp = law
oracle_of_kmeans_pp = law


@pytest.mark.long
@pytest.mark.parametrize("proposals", [1, 5, 512])
def test_draws_follow_the_law(proposals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["openal.functional.kmeans_pp"], "PROPOSALS", proposals)
    logits, features = drawn(3, n=6)
    expected, draws = law(gradients(logits, features), 4), 2000
    counts = Counter(tuple(ask(logits, features, 4, seed)) for seed in range(draws))
    assert counts.keys() <= expected.keys()
    frequent = [outcome for outcome, p in expected.items() if p * draws > 5]
    rare = 1 - sum(expected[each] for each in frequent)
    seen = [counts[each] for each in frequent]
    wanted = [expected[each] * draws for each in frequent]
    found = chisquare([*seen, draws - sum(seen)], [*wanted, rare * draws])
    assert found.pvalue > 1e-4


@pytest.mark.long
@walked
@pytest.mark.parametrize("copies", [1, 2, 40])
@pytest.mark.parametrize("budget", [1, 7, 39, 40, 99])
def test_no_row_twice(copies: int, budget: int) -> None:
    rows = torch.arange(40) // copies
    logits, features = (each[rows] for each in drawn(1))
    found = ask(logits, features, budget)
    assert len(found) == len(set(found)) == min(budget, 40)
    distinct = 40 // copies
    assert len(set(rows[found[:distinct]].tolist())) == min(distinct, len(found))


@pytest.mark.long
def test_where_all_that_remain_are_copies_they_are_uniform() -> None:
    logits, features = torch.zeros(4, 2), torch.ones(4, 3)
    found = Counter(tuple(ask(logits, features, 3, seed)) for seed in range(1200))
    assert {first for first, *_ in found} == {0}
    assert chisquare([found[0, a, b] for a, b in permutations((1, 2, 3), 2)]).pvalue > 1e-4


def test_rows_of_zeros() -> None:
    assert sorted(ask(torch.zeros(5, 2), torch.zeros(5, 3), 5)) == [0, 1, 2, 3, 4]


def test_the_seed_decides() -> None:
    logits, features = drawn(0)
    assert ask(logits, features, 9, seed=1) == ask(logits, features, 9, seed=1)
    assert len({tuple(ask(logits, features, 9, seed)) for seed in range(5)}) == 5


def test_any_number_of_threads_gives_the_same() -> None:
    logits, features = drawn(0, n=3000)
    threads, found = torch.get_num_threads(), []
    for number in (1, 2):
        torch.set_num_threads(number)
        found.append(ask(logits, features, 600))
    torch.set_num_threads(threads)
    assert found[0] == found[1]


@pytest.mark.long
def test_of_vectors_it_is_the_same_law() -> None:
    points = torch.tensor([[5.0], [0.0], [4.0], [1.0]])
    expected = law(points.double(), 2)
    found = Counter(
        tuple(kmeans_pp(points, 2, torch.Generator().manual_seed(seed)).tolist())
        for seed in range(3000)
    )
    assert found.keys() <= expected.keys()
    wanted = [3000 * p for p in expected.values()]
    assert chisquare([found[each] for each in expected], wanted).pvalue > 1e-4


CLOUDS = {
    "plane": [[5.0, 1], [0, 2], [4, -3], [1, 1], [-2, 2]],
    "every point twice": [[3.0, 0], [3, 0], [0, 2], [0, 2], [-1, -1], [-1, -1]],
    "clustered": [[3.0, 0], [3.1, 0], [3, 0.1], [-3, 0], [-2.9, 0.1]],
    "the origin among them": [[0.0, 0], [1, 0], [0, 1], [-2, 0]],
}


@pytest.mark.long
@pytest.mark.parametrize("kind", CLOUDS)
def test_of_points_in_a_plane_it_is_the_same_law(kind: str) -> None:
    points, draws = torch.tensor(CLOUDS[kind]), 800
    expected = {each: p for each, p in law(points.double(), 3).items() if p > 0}
    found = Counter(
        tuple(kmeans_pp(points, 3, torch.Generator().manual_seed(seed)).tolist())
        for seed in range(draws)
    )
    assert found.keys() <= expected.keys()
    frequent = [each for each, p in expected.items() if p * draws > 5]
    rare = 1 - sum(expected[each] for each in frequent)
    seen, wanted = ([of[each] for each in frequent] for of in (found, expected))
    counts = [*seen, draws - sum(seen)], [*(draws * p for p in wanted), draws * rare]
    kept = slice(None) if rare * draws > 1e-6 else slice(-1)
    assert chisquare(counts[0][kept], counts[1][kept]).pvalue > 1e-4


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_features_of_any_scale(scale: float) -> None:
    logits, features = drawn(0)
    expected = ask(logits, features.double(), 20)
    assert ask(logits, scale**8 * features.double(), 20) == expected


@pytest.mark.parametrize(
    "logits, features, reason",
    [
        (torch.zeros(3), torch.zeros(3, 2), "logits and features must be"),
        (torch.zeros(3, 2), torch.zeros(2, 2), "logits and features must be"),
        (torch.tensor([[0.0], [torch.nan]]), torch.zeros(2, 1), "logits must be finite; row 1"),
        (torch.zeros(2, 1), torch.tensor([[0.0], [torch.inf]]), "features must be finite; row 1"),
    ],
)
def test_what_is_refused(logits: Tensor, features: Tensor, reason: str) -> None:
    with pytest.raises(ArrayError, match=reason):
        ask(logits, features, 1)
