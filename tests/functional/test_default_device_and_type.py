"""Results lie where the arguments lie, and have their type, whatever torch makes by default."""

from typing import Any

import pytest
import torch

from openal import functional
from openal.functional import kmeans_pp, meta_query
from openal.functional._first_neighbors import first_neighbors
from openal.functional.pareto import pareto_front
from tests.hostile.functional_calls import CALLS, CLASSES, POINTS, Call, leaves, numbers
from tests.hostile.functional_parts import CHECKED, INNER
from tests.walking import walked

VARIANTS = {
    f"{name}, {how}": Call(
        {key: each for key, each in call.arrays.items() if key not in rest},
        {**call.rest, **rest},
        getattr(functional, name),
        call.random,
    )
    for name, how, rest in (
        ("batch_bald", "drawn configurations", {"budget": 4, "configurations": 2}),
        ("kmeans_pp", "all rows", {"budget": 12}),
        ("mixture_posterior", "Bayesian", {"bayesian": True, "standardize": True}),
        ("mixture_posterior", "Dirichlet process", {"bayesian": True, "dirichlet_process": True}),
        ("mixture_posterior", "tied", {"tied": True}),
        ("kmeans_pp", "copies", {"points": torch.ones(12, 5)}),
        ("k_center_greedy", "many centers", {"centers": numbers(100, 5)}),
        ("k_center_greedy", "no centers", {"centers": None}),
        ("knn", "copies", {"references": torch.ones(4, 5)}),
        ("openmax", "few classes", {"known_labels": torch.zeros(12, dtype=torch.int64)}),
        ("reverse_neighbor_counts", "no queries", {"queries": POINTS[:0], "labels": CLASSES[:0]}),
        ("reverse_neighbor_counts", "copies", {"references": torch.ones(4, 5)}),
        ("pure_radius", "all rows", {"rows": None}),
        ("tune_scale", "every scale", {"scales": None}),
    )
    for call in [CALLS[name]]
}
"""Branches that the calls of the table do not take."""

NONE = {
    "pareto_front of none": Call({"values": numbers(0, 2)}, function=pareto_front),
    "kmeans_pp without a budget": Call({"points": POINTS}, {"budget": 0}, kmeans_pp, True),
    "first_neighbors of one": Call({"points": POINTS[:1]}, function=first_neighbors),
}
EVERY = CALLS | CHECKED | INNER | VARIANTS | NONE


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meta_query, "EPOCHS", 2)
    monkeypatch.setattr(meta_query, "LEAST_STEPS", 2)


def same(found: Any, other: Any) -> bool:
    """Whether results have the same numbers, of the same types, in the same place."""
    pairs = [map(torch.as_tensor, each) for each in zip(leaves(found), leaves(other), strict=True)]
    return all((a.dtype, a.device) == (b.dtype, b.device) and torch.equal(a, b) for a, b in pairs)


@pytest.mark.long
@walked
@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_made_on_the_default_device(name: str) -> None:
    """The meta device holds no numbers: what is made there by mistake cannot be computed with."""
    assert torch.get_num_threads() == 1  # others would not have this thread's default device
    expected = EVERY[name].of(name)
    with torch.device("meta"):
        found = EVERY[name].of(name)
    assert same(found, expected)


@pytest.mark.long
@walked
@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_made_of_the_default_type(name: str) -> None:
    expected = EVERY[name].of(name)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        found = EVERY[name].of(name)
    finally:
        torch.set_default_dtype(before)
    assert same(found, expected)
