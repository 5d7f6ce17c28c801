"""Longer or shorter embeddings are the same directions: what compares directions does not move."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from openal import informativeness, purity, selection
from openal.learners import TextCosines
from openal.parts import reads_of
from openal.query import QueryStrategy
from openal.strategies import available
from openal.testing import World
from openal.testing._world import ask, expect_same
from openal.view import Score
from tests.properties.plans import OPEN, Plan, percent, plans

TEXTS = torch.randn(7, 16, generator=torch.Generator().manual_seed(0))

PARTS: dict[str, tuple[Any, str]] = {
    "CLIPNPurity": (purity.CLIPNPurity(), "embeddings"),
    "ClassGaussians": (purity.ClassGaussians(), "features"),
    "Clusters": (selection.Clusters(), "detector_features"),
    "Directions": (selection.Directions(), "features"),
    "Distinctiveness": (informativeness.Distinctiveness(selection.NearestClass()), "embeddings"),
    "EpistemicMixture": (purity.EpistemicMixture(neighbors=5), "detector_features"),
    "Inconsistency": (informativeness.Inconsistency(), "embeddings"),
    "KnownNeighbors": (purity.KnownNeighbors(), "embeddings"),
    "KnownNeighbors, all": (purity.KnownNeighbors(rule="all"), "embeddings"),
    "KnownNeighbors, majority": (purity.KnownNeighbors(rule="majority"), "embeddings"),
    "MahalanobisPurity": (purity.MahalanobisPurity(), "embeddings"),
    "NearestClass": (selection.NearestClass(), "embeddings"),
    "NearestKnown": (purity.NearestKnown(), "embeddings"),
    "PrototypePurity": (purity.PrototypePurity(), "embeddings"),
    "SemanticGate": (purity.SemanticGate(), "embeddings"),
}
"""The cosine parts, scores, groups and vectors, and the signal whose lengths they do not see."""

STRATEGIES = {
    "CCAL": "embeddings",
    "CLIPNAL": "embeddings",
    "EAOA": "detector_features",
    "MQNet": "embeddings",
    "NEAT": "embeddings",
    "NEATPassive": "embeddings",
    "OpenPathology": "embeddings",
    "POAL": "features",
    "ProbCover": "embeddings",
    "TypiClust": "embeddings",
}
"""Those that read a signal by its directions only."""


def scaled(world: World, name: str, factor: float) -> World:
    values = world.signals[name].astype(np.float64) * factor
    return world.offering({**world.signals, name: values.astype(world.signals[name].dtype)})


def found(part: Score, world: World) -> Tensor:
    view = world.pool.view(world.labeled, reads=reads_of(part))
    return part(view)


def anything_open(plan: Plan) -> None:
    assume(OPEN in plan.labels)


powers = st.integers(-90, 90).map(lambda exponent: 2.0**exponent)
"""Of ordinary numbers in single precision none loses a bit."""


@pytest.mark.parametrize("name", PARTS)
@percent(10)
@given(plan=plans(calm=True), factor=powers)
def test_powers_of_two_leave_every_bit(name: str, plan: Plan, factor: float) -> None:
    anything_open(plan)
    (part, signal), world = PARTS[name], plan.world()
    assert torch.equal(found(part, world), found(part, scaled(world, signal, factor)))


@pytest.mark.parametrize("name", STRATEGIES)
@percent(8)
@given(plan=plans(calm=True), factor=powers)
def test_powers_of_two_leave_the_query(name: str, plan: Plan, factor: float) -> None:
    strategy: QueryStrategy = available()[name]()
    world = plan.world()
    other = scaled(world, STRATEGIES[name], factor)
    expect_same(ask(strategy, world), ask(strategy, other), f"scaling by {factor}")


BY_TEXTS = (
    purity.NegativeLabels(TEXTS[:3], negatives=TEXTS[3:]),
    purity.CLIPPurity(scale=9.0),  # of cosines with texts
)


@pytest.mark.parametrize("part", BY_TEXTS, ids=["NegativeLabels", "TextCosines"])
@percent(15)
@given(plan=plans(calm=True), factor=powers)
def test_texts_see_directions_only(part: Score, plan: Plan, factor: float) -> None:
    anything_open(plan)
    plan = replace(plan, dimensions=TEXTS.shape[1])
    texts = TEXTS[: plan.num_classes]
    cosines = TextCosines(texts, -texts)
    worlds = plan.world(), scaled(plan.world(), "embeddings", factor)
    one, other = (
        world.offering({"embeddings": world.signals["embeddings"], "yes_cosines": cosines})
        for world in worlds
    )
    assert torch.equal(found(part, one), found(part, other))


COSINES = ("KnownNeighbors", "NearestKnown", "PrototypePurity")


@pytest.mark.parametrize("name", COSINES)
@percent(15)
@given(plan=plans(calm=True, flaws=()), factor=st.floats(1e-20, 1e20))
def test_any_factor_leaves_cosines_up_to_rounding(name: str, plan: Plan, factor: float) -> None:
    anything_open(plan)
    (part, signal), world = PARTS[name], plan.world()
    a, b = found(part, world), found(part, scaled(world, signal, factor))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
