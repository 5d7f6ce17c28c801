"""AlphaMix on a network that ends in a linear layer, and on one that does not."""

import numpy as np
import pytest
import torch
from torch import nn

from openal.informativeness.feature_mix import FeatureMix
from openal.labeled import UNKNOWN, LabeledSet
from openal.pool import Pool
from openal.query import Query
from openal.selection.k_means import KMeansCenters
from openal.selection.ranking import TopWithTies
from openal.selection.vectors import Directions
from openal.strategies.alphamix import AlphaMix
from openal.testing._isolated import isolated_rng
from tests.walking import walked


def network(seed: int, k: int = 4) -> tuple[nn.Linear, torch.Tensor]:
    """A last layer in float64 and features [120, 6]."""
    with isolated_rng(seed):
        return nn.Linear(6, k).double(), torch.randn(120, 6).double()


def answered(k: int) -> LabeledSet:
    labeled = LabeledSet(120, 5)
    labeled.add(range(20), [i % k if i % 3 else UNKNOWN for i in range(20)])
    return labeled


def candidates(head: nn.Linear, x: torch.Tensor, labeled: LabeledSet, least: int) -> set[int]:
    """Step by step, with autograd, until enough predictions have changed."""
    features = x.clone().requires_grad_()
    logits = head(features)
    before = logits.argmax(dim=1)
    nn.functional.cross_entropy(logits, before, reduction="sum").backward()
    g, labels = features.grad, torch.tensor(labeled.known_labels)
    assert g is not None
    changed = torch.zeros(120, dtype=torch.bool)
    for step in range(1, 32):
        for c in labels.unique():
            z = x[labeled.known_indices][labels == c].mean(dim=0) - x
            size = step * 0.03125 / 6**0.5 * z.norm(dim=1, keepdim=True)
            alpha = size / g.norm(dim=1, keepdim=True) * g / (z + 1e-8)
            mixed = x + alpha * z
            changed |= head(mixed).argmax(dim=1) != before
        changed[:20] = False
        if changed.sum() >= least:
            break
    return {*changed.nonzero()[:, 0].tolist()}


def ask(head: nn.Linear, x: torch.Tensor, labeled: LabeledSet, budget: int) -> Query:
    pool = Pool(
        features=x, logits=nn.functional.pad(head(x), (0, 5 - head.out_features), value=-99)
    )
    return AlphaMix().query(pool, labeled, budget, seed=0)


@walked
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("budget", [1, 5, 20])
def test_the_candidates_are_those_of_the_search(seed: int, budget: int) -> None:
    head, x = network(seed)
    expected = candidates(head, x, answered(4), budget)
    query = ask(head, x, answered(4), budget)
    if len(expected) >= budget:
        assert {*query.steps[0].kept.tolist()} == expected
    assert {*query} <= expected or len(expected) < budget
    assert query.diagnostics["head_explained"] == pytest.approx(1)


def test_too_few_that_change_are_all_asked() -> None:
    head, x = network(0)
    with torch.no_grad():
        head.bias[0] += 4  # almost all are sure to be of class 0
    expected = candidates(head, x, answered(4), 100)
    assert 0 < len(expected) < 60
    query = ask(head, x, answered(4), 60)
    assert expected <= {*query}
    assert len({*query}) == 60


def test_the_query_is_spread_over_the_directions() -> None:
    rng = np.random.default_rng(0)
    blob = rng.permutation(np.repeat(np.arange(4), [60, 30, 20, 10]))
    features = np.eye(4)[blob] + 0.02 * rng.normal(size=(120, 4))
    pool = Pool(features=features, logits=np.zeros((120, 2)))
    query = AlphaMix().query(pool, LabeledSet(120, 2), 4, seed=0)
    assert blob[query.indices].tolist() == [0, 1, 2, 3]


def test_the_stages_are_those_of_the_paper() -> None:
    first, second = AlphaMix(0.2, features="f", logits="l").stages
    assert first == TopWithTies(FeatureMix(0.2, features="f", logits="l"))
    assert second == KMeansCenters(Directions("f"))
    assert AlphaMix().reads == ("features", "logits")
