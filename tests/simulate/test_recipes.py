"""The papers' figures, and what a scale makes of them."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from openal.errors import ArgumentError
from openal.learners import Classifier, CropFlip
from openal.simulate import RECIPES, OpenSetSplit, Recipe
from openal.simulate._strategy_words import strategy_of
from openal.simulate.recipes import recipe_of
from tests.walking import walked

LABELS = {"cifar10": np.repeat(np.arange(10), 5000), "cifar100": np.repeat(np.arange(100), 500)}


def splits(recipe: Recipe, seed: int) -> list[OpenSetSplit]:
    """The splits of a recipe at every pair of ratios."""
    labels = LABELS[recipe.data]
    names = tuple(map(str, range(labels[-1] + 1)))
    grid = recipe.conditions(labels, names, test_share=0.0)
    return [each.split(labels, names, seed, own_test=True) for each in grid]


@pytest.mark.parametrize("name", RECIPES)
def test_its_strategies_are_there(name: str) -> None:
    assert all(strategy_of(word).query for word in RECIPES[name].strategies)
    assert "Random" in RECIPES[name].strategies


@pytest.mark.parametrize(
    "name, dataset, sizes",
    [
        ("lfosa", "cifar10", [(50000, 100), (50000, 150), (50000, 200)]),
        ("lfosa", "cifar100", [(50000, 800), (50000, 1200), (50000, 1600)]),
        ("jsosal", "cifar100", [(50000, 800), (50000, 1200), (50000, 1600)]),
    ],
)
def test_first_answers_are_of_the_first_classes(
    name: str, dataset: str, sizes: list[tuple[int, int]]
) -> None:
    found = splits(recipe_of(name).on(dataset), seed=1)
    assert [(len(each.pool), len(each.first)) for each in found] == sizes
    for each in found:
        assert each.known == tuple(range(each.num_classes))
        counts = np.bincount(each.truth[each.first])
        assert set(counts.tolist()) == ({50} if dataset == "cifar10" else {40})


@pytest.mark.long
@pytest.mark.parametrize("dataset", LABELS)
def test_clipnal_has_the_pools_of_its_table(dataset: str) -> None:
    found = splits(recipe_of("clipnal").on(dataset), seed=2)
    known, unknown = np.array([((s.truth >= 0).sum(), (s.truth < 0).sum()) for s in found]).T
    assert known.tolist() == [10000] * 4 + [15000] * 4 + [20000] * 4
    assert unknown[:4].tolist() == [1111, 2500, 6667, 15000]
    assert unknown[4:8].tolist() == [1667, 3750, 10000, 22500]
    assert unknown[8:].tolist() == [2222, 5000, 13333, 30000]
    assert {len(s.first) for s in found} == {500}


def test_what_each_paper_trains() -> None:
    clipnal, jsosal = RECIPES["clipnal"], RECIPES["jsosal"]
    assert (clipnal.budget, clipnal.rounds, clipnal.seeds) == (500, 9, (0, 1, 2, 3, 4))
    steps = clipnal.task.epochs * (clipnal.task.steps_per_epoch or 0)
    assert (steps, clipnal.task.milestones, clipnal.task.gamma) == (20000, (0.5, 0.75), 0.1)
    assert (RECIPES["lfosa"].budget, RECIPES["lfosa"].rounds) == (1500, 10)
    assert RECIPES["lfosa"].task == Classifier(augment=CropFlip(4))
    assert (jsosal.budget, jsosal.task.weight_decay) == (1000, 1e-3)
    assert (RECIPES["neat"].budget, RECIPES["neat"].rounds) == (400, 9)


def test_another_data_set_has_its_own_figures() -> None:
    recipe = recipe_of("clipnal").on("tiny-imagenet")
    assert (recipe.first, recipe.budget, recipe.task.epochs) == (1000, 1000, 300)
    assert recipe.task.lr == 0.1
    assert recipe_of("lfosa").on("/some/folder").first == 0.08


def test_a_cold_start_has_no_first_answers() -> None:
    recipe = replace(recipe_of("lfosa"), first=0, rounds=2)
    assert {len(split.first) for split in splits(recipe, 0)} == {0}


def test_a_scale_shrinks_everything() -> None:
    recipe = recipe_of("clipnal").scaled(0.1)
    assert (recipe.first, recipe.budget, recipe.rounds, recipe.task.epochs) == (50, 50, 2, 20)
    assert recipe.task.steps_per_epoch == 100
    assert asdict(recipe_of("lfosa").scaled(1)) == asdict(recipe_of("lfosa"))


@pytest.mark.long
@walked
@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("scale", [0.002, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("dataset", LABELS)
def test_a_scale_leaves_splits_that_can_be_had(name: str, scale: float, dataset: str) -> None:
    if name == "lfosa-openness" and dataset == "cifar100" and scale < 0.1:
        return  # nine in ten unknown leave no item of some known class, which is said
    labels, recipe = LABELS[dataset], recipe_of(name).on(dataset).scaled(scale)
    names = tuple(map(str, range(labels[-1] + 1)))
    per_class = max(4, round(scale * len(labels) / len(names)))
    kept = np.repeat(np.arange(len(names)), per_class)
    for each in recipe.conditions(kept, names, test_share=0.0):
        split = each.split(kept, names, 3, own_test=True)
        assert set(split.truth[split.first].tolist()) >= {*range(split.num_classes)}


@pytest.mark.parametrize("scale", [0, 1.1, -1, float("nan"), "1"])
def test_a_scale_that_cannot_be(scale: Any) -> None:
    with pytest.raises(ArgumentError, match="scale"):
        recipe_of("lfosa").scaled(scale)


@pytest.mark.parametrize("ratio", [1.0, 1.5, -0.1, float("nan")])
def test_an_ood_ratio_that_cannot_be(ratio: float) -> None:
    recipe = replace(recipe_of("clipnal"), ood_ratio=(ratio,))
    with pytest.raises(ArgumentError, match="ood_ratio must be"):
        recipe.conditions(LABELS["cifar10"], tuple("0123456789"))


def test_an_unknown_recipe() -> None:
    with pytest.raises(ArgumentError, match="did you mean lfosa"):
        recipe_of("LfOSA")


@pytest.mark.parametrize("dataset, first", [("cifar10", 100), ("cifar100", 800)])
def test_neat_draws_its_known_classes(dataset: str, first: int) -> None:
    (one,), (other,) = (splits(recipe_of("neat").on(dataset), seed) for seed in (0, 1))
    assert (len(one.pool), len(one.first)) == (50000, first)
    assert {*one.known} != {*other.known}


def test_the_openness_of_lfosa_goes_up_to_nine_tenths() -> None:
    found = splits(recipe_of("lfosa-openness"), seed=1)
    assert [split.ood_ratio for split in found] == pytest.approx(
        [0, 0.2, 0.4, 0.6, 0.8, 0.9], abs=1e-3
    )
    assert [int((split.truth >= 0).sum()) for split in found] == [20000] * 4 + [7500, 3333]


def test_networks_learn_images_and_those_of_clipnal_have_their_own_schedules() -> None:
    names = tuple("0123456789")
    for name, share in (("clipnal", 1.0), ("neat", 0.0)):
        conditions = RECIPES[name].conditions(LABELS["cifar10"], names, test_share=0.0)[0]
        assert (conditions.on_images, conditions.own_schedules) == (True, share)
    assert recipe_of("clipnal").scaled(0.1).own_schedules == pytest.approx(0.1)
