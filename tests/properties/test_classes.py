"""Classes have no order: renaming them, in answers and columns alike, changes nothing."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from openal import functional as F
from openal.query import QueryStrategy
from openal.testing import World
from openal.testing._world import ask, expect_same
from tests.properties.asked import NAMES, with_options
from tests.properties.close import close
from tests.properties.plans import Plan, percent, plans

BY_CLASS = ("logits", "mc_logits", "head_logits", "yes_cosines", "no_cosines")
WITH_MORE = ("detector_logits", "evidence_logits", "prompt_logits")  # others after the K classes


def renamed(world: World, names: list[int]) -> World:
    """Class c is called `names[c]`."""
    old, k = np.argsort(names), len(names)
    signals = {**world.signals}
    for name in BY_CLASS:
        signals[name] = signals[name][..., old]
    for name in WITH_MORE:
        signals[name] = np.hstack([signals[name][:, old], signals[name][:, k:]])
    answers = {index: names[c] if c >= 0 else c for index, c in world.answers.items()}
    return world.offering(signals).answered(answers)


DRAWN = {"BatchBALD"}
"""It draws the classes of some items where these have too many configurations to see all."""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in DRAWN])
@percent(8)
@given(data=st.data(), plan=plans(calm=True, flaws=()))
def test_renamed_classes_are_the_same_query_where_nothing_is_close(
    name: str, data: st.DataObject, plan: Plan
) -> None:
    strategy: QueryStrategy = data.draw(with_options(name))
    names = data.draw(st.permutations(range(plan.num_classes)))
    world = plan.world()
    query, other = ask(strategy, world), ask(strategy, renamed(world, names))
    if not (close(query) or close(other)):
        expect_same(query, other, f"calling the classes {names}")


SAME: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "aleatoric_energy": lambda z, _: F.aleatoric_energy(z),
    "bald": lambda z, _: F.bald(z[:, None] * torch.tensor([[1.0], [0.5]])),
    "binary_entropy_score": lambda z, _: F.binary_entropy_score(torch.stack([z, -z / 2], dim=1)),
    "energy": lambda z, _: F.energy(z),
    "entropy": lambda z, _: F.entropy(z),
    "inconsistency": F.inconsistency,
    "least_confidence": lambda z, _: F.least_confidence(z),
    "margin": lambda z, _: F.margin(z),
    "mean_std": lambda z, _: F.mean_std(z[:, None] * torch.tensor([[1.0], [0.5]])),
    "variation_ratio": lambda z, _: F.variation_ratio(z[:, None] * torch.tensor([[1.0], [-1.0]])),
    "yes_no_probabilities": lambda z, votes: torch.stack(
        F.yes_no_probabilities(z.tanh(), (z - 1).tanh(), 5.0, votes / 9), dim=1
    ),
}
"""Of logits [N, K] and votes [N, K]: the same in any order of the columns."""


@pytest.mark.parametrize("name", SAME)
@percent(20)
@given(plan=plans(calm=True), data=st.data())
def test_the_order_of_columns_does_not_matter(name: str, plan: Plan, data: st.DataObject) -> None:
    names = data.draw(st.permutations(range(plan.num_classes)))
    z = torch.from_numpy(plan.world().signals["logits"])
    votes = torch.randint(4, z.shape, generator=torch.Generator().manual_seed(plan.seed))
    found, again = SAME[name](z, votes), SAME[name](z[:, names], votes[:, names])
    torch.testing.assert_close(again, found, rtol=1e-5, atol=1e-6)


@percent(30)
@given(plan=plans(calm=True), data=st.data())
def test_renamed_labels_are_other_columns(plan: Plan, data: st.DataObject) -> None:
    k = plan.num_classes
    names = torch.tensor(data.draw(st.permutations(range(k))))
    old = names.argsort()
    z = torch.from_numpy(plan.world().signals["embeddings"])
    labels = torch.arange(len(z)) * 7 % k
    prototypes, other = (F.class_prototypes(z, each, k) for each in (labels, names[labels]))
    assert torch.equal(other.nan_to_num(9), prototypes[old].nan_to_num(9))
    cosines = F.prototype_cosines(z, prototypes)
    torch.testing.assert_close(F.prototype_cosines(z, other), cosines[:, old])
    neighbors = F.knn(z, z, min(3, len(z))).indices
    votes = F.neighbor_votes(labels[neighbors], k)
    assert torch.equal(F.neighbor_votes(names[labels][neighbors], k), votes[:, old])
