"""WeightedKMeans: where the budget goes, what is kept of a cluster, and what a sample costs."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from openal import Chain, LabeledSet, Pool
from openal.errors import ArgumentError, ScoreError
from openal.query import Query
from openal.selection import Signal, Top, WeightedKMeans
from openal.view import View

GENERATOR = np.random.default_rng(0)
GROUP = np.arange(400) % 4  # four far groups of a hundred
POINTS = (10 * np.eye(4)[GROUP] + 0.1 * GENERATOR.normal(size=(400, 4))).astype("f4")


class By:
    """The values of a signal as a score."""

    def __init__(self, name: str) -> None:
        self.name, self.reads = name, (name,)

    def __call__(self, view: View) -> Tensor:
        return view.pool[self.name]


def ask(budget: int, seed: int = 0, before: tuple[Any, ...] = (), **options: Any) -> Query:
    signals = {k: np.asarray(options.pop(k), "f4") for k in ("w", "p", "rank") if k in options}
    scores = {name: By(key) for name, key in (("weight", "w"), ("pick", "p")) if key in signals}
    stage = WeightedKMeans(Signal("points"), **scores, **options)
    pool = Pool(None, points=POINTS, **signals)
    return Chain(*before, stage).query(pool, LabeledSet(400, 2), budget, seed=seed)


def test_each_region_gets_its_share_of_the_weight() -> None:
    weight = np.array([6.0, 3.0, 1.0, 0.0])[GROUP]
    asked = np.array([np.bincount(GROUP[ask(20, seed, w=weight).indices], minlength=4)
                      for seed in range(30)])  # fmt: skip
    assert asked.mean(axis=0) == pytest.approx([12, 6, 2, 0], abs=0.9)


def test_the_cluster_with_the_largest_weight_comes_first() -> None:
    weight = np.array([1.0, 9.0, 0.0, 0.0])[GROUP]
    found = [GROUP[ask(2, seed, w=weight).indices] for seed in range(9)]
    assert all(groups[0] == 1 for groups in found)
    assert any(groups[1] == 0 for groups in found)


def test_of_a_cluster_the_best_is_kept_unless_it_is_far() -> None:
    pick = np.full(400, 0.5)
    pick[40] = 0.9
    assert 40 in ask(4, p=pick).indices
    assert 40 not in ask(4, p=1 - pick).indices


def test_without_a_pick_the_nearest_to_the_center_is_kept() -> None:
    kept = ask(1, steps=50).indices[0]
    assert kept == np.square(POINTS - POINTS.mean(axis=0)).sum(axis=1).argmin()


def test_of_more_clusters_the_best_are_asked() -> None:
    pick = np.where(GROUP == 2, 0.9, 0.1)
    found = [GROUP[ask(3, seed, p=pick, clusters=4.0).indices] for seed in range(9)]
    assert (np.concatenate(found) == 2).mean() > 0.6


def test_the_place_of_empty_clusters_is_filled_by_the_largest_weights() -> None:
    pool = Pool(None, points=np.ones((9, 2)), w=np.arange(9.0))
    query = Chain(WeightedKMeans(Signal("points"), weight=By("w"))).query(
        pool, LabeledSet(9, 2), 4, seed=0
    )
    first, *rest = query.indices.tolist()
    assert query.n_filled == 3
    assert rest == [row for row in (8, 7, 6, 5) if row != first][:3]


def test_no_weight_at_all_is_an_even_one() -> None:
    assert ask(8, w=np.zeros(400)).indices.tolist() == ask(8).indices.tolist()


@pytest.mark.parametrize("budget", [1, 7, 399, 400, 1000])
def test_so_many_as_are_asked_for(budget: int) -> None:
    query = ask(budget, w=GENERATOR.random(400), clusters=1.5)
    assert len({*query.indices.tolist()}) == min(budget, 400)


def test_how_the_candidates_were_ranked_changes_nothing() -> None:
    weight = GENERATOR.random(400)
    orders = [np.arange(400), -np.arange(400), GENERATOR.random(400)]
    rankings = [(Top(By("rank"), factor=100),) for _ in orders]
    found = [ask(9, w=weight, rank=x, before=r) for x, r in zip(orders, rankings, strict=True)]
    assert len({tuple(query.indices) for query in found}) == 1


def test_a_sample_of_the_candidates_loses_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen groups; the centers are carried by a tenth: the weighted squares grow by 8 %."""
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(16, 8, generator=generator)[torch.arange(4000) % 16] * 3
    points += torch.randn(4000, 8, generator=generator)
    weight = torch.rand(4000, generator=generator).double() ** 3
    pool, stage = Pool(None, points=points), WeightedKMeans(Signal("points"))
    view = pool.view(LabeledSet(4000, 2), reads=("points",))

    def squares() -> float:
        return float((stage._clustered(view, weight, 32)[1] * weight).sum())

    whole = squares()
    module = import_module("openal.selection.weighted_k_means")
    monkeypatch.setattr(module, "SAMPLE", 400)
    assert whole < squares() < 1.1 * whole


def test_the_weights_of_a_sample_are_unbiased(monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("openal.selection.weighted_k_means")
    monkeypatch.setattr(module, "SAMPLE", 100)
    weight, sums = torch.rand(1000).double() ** 4, []
    for seed in range(200):
        rows, given = module._sample(weight, torch.Generator().manual_seed(seed))
        assert len(rows) == 100
        sums.append(float(given[rows < 300].sum()))
    assert np.mean(sums) == pytest.approx(float(weight[:300].sum()), rel=0.05)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ArgumentError, match="clusters must be"):
        WeightedKMeans(clusters=0.5)
    with pytest.raises(ArgumentError, match="weight must be a function of a view"):
        WeightedKMeans(weight=3)  # type: ignore[arg-type]
    with pytest.raises(ScoreError, match="is negative at index 5"):
        ask(3, w=np.where(np.arange(400) == 5, -1, 1))
