"""Functions of rows: taking some rows, in any order and more than once, takes their results."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from openal import functional as F
from tests.properties.plans import Plan, percent, plans

Signals = Mapping[str, Tensor]
generator = torch.Generator


def drawn(seed: int, *shape: int) -> Tensor:
    """What all rows are compared with."""
    return torch.randn(*shape, generator=generator().manual_seed(seed))


def prototypes(s: Signals) -> Tensor:
    z = drawn(0, 6, s["embeddings"].shape[1])
    return F.class_prototypes(z, torch.arange(6) % 3, 4)


def trained(s: Signals) -> tuple[Tensor, Tensor]:
    k = s["logits"].shape[1]
    labels = torch.arange(5 * k) % k
    return drawn(1, 5 * k, k) + 4 * torch.eye(k)[labels], labels


ROWS: dict[str, Callable[[Signals], Tensor]] = {
    "aleatoric_energy": lambda s: F.aleatoric_energy(s["logits"]),
    "anchor_agreement": lambda s: F.anchor_agreement(
        s["embeddings"], drawn(2, 5, s["embeddings"].shape[1])
    ),
    "bald": lambda s: F.bald(s["mc_logits"]),
    "binary_entropy_score": lambda s: F.binary_entropy_score(s["head_logits"]),
    "distance_entropy": lambda s: F.distance_entropy(
        s["features"], drawn(3, 4, s["features"].shape[1])
    ),
    "distance_ratio": lambda s: F.distance_ratio(
        s["features"],
        s["logits"].argmax(dim=1),
        drawn(7, 9, s["features"].shape[1]),
        torch.arange(9) % 3,
    ).nan_to_num(),
    "energy": lambda s: F.energy(s["logits"]),
    "entropy": lambda s: F.entropy(s["logits"]),
    "epistemic_energy": lambda s: F.epistemic_energy(s["detector_logits"]),
    "inconsistency": lambda s: F.inconsistency(s["logits"], s["logits"].argsort(dim=1)),
    "knn, cosines": lambda s: (
        F.knn(s["embeddings"], drawn(4, 9, s["embeddings"].shape[1]), 4).similarity
    ),
    "knn, places": lambda s: (
        F.knn(s["embeddings"], drawn(4, 9, s["embeddings"].shape[1]), 4).indices
    ),
    "least_confidence": lambda s: F.least_confidence(s["logits"]),
    "mahalanobis": lambda s: F.mahalanobis(s["features"], drawn(5, 9, s["features"].shape[1])),
    "margin": lambda s: F.margin(s["logits"]),
    "mean_std": lambda s: F.mean_std(s["mc_logits"]),
    "neighbor_votes": lambda s: F.neighbor_votes(s["logits"].argsort(dim=1) - 1, 5),
    "openmax": lambda s: F.openmax(s["logits"], *trained(s)),
    "prototype_cosines": lambda s: F.prototype_cosines(s["embeddings"], prototypes(s)),
    "variation_ratio": lambda s: F.variation_ratio(s["mc_logits"]),
    "yes_no_probabilities": lambda s: torch.stack(
        F.yes_no_probabilities(s["yes_cosines"], s["no_cosines"], 9.0), dim=1
    ),
    "yes_no_probabilities, visual": lambda s: torch.stack(
        F.yes_no_probabilities(s["yes_cosines"], s["no_cosines"], 9.0, s["no_cosines"]), dim=1
    ),
}
"""Each row by itself: the same bits wherever it stands, and however often."""


@pytest.mark.parametrize("name", ROWS)
@percent(10)
@given(plan=plans(), data=st.data())
def test_the_rows_that_are_taken_have_their_results(
    name: str, plan: Plan, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.integers(0, len(plan) - 1), min_size=1, max_size=50))
    signals = tensors(plan)
    taken = ROWS[name]({each: values[rows] for each, values in signals.items()})
    assert torch.equal(ROWS[name](signals)[rows], taken)


def tensors(plan: Plan) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values) for name, values in plan.world().signals.items()}


SETS: dict[str, Callable[[Signals, Tensor], Tensor]] = {
    "mixture_posterior": lambda s, group: F.mixture_posterior(s["predicted_loss"], group, 3),
    "mixture_posterior, bayesian": lambda s, group: F.mixture_posterior(
        s["predicted_loss"], group, 3, bayesian=True, tied=True, standardize=True
    ),
    "known_share": lambda s, _: F.known_share(
        s["predicted_loss"], drawn(6, 9), torch.arange(9) > 4
    ),
    "standardized": lambda s, _: F.standardized(s["predicted_loss"]),
    "typicality": lambda s, group: F.typicality(s["embeddings"], group, 3),
    "unit_range": lambda s, _: F.unit_range(s["predicted_loss"]),
}
"""Each row among the others: in another order the same up to rounding, and equals are equal."""


@pytest.mark.parametrize("name", SETS)
@percent(20)
@given(plan=plans(calm=True), seed=st.integers(0, 99))
def test_another_order_is_the_same_in_that_order(name: str, plan: Plan, seed: int) -> None:
    rng, signals = np.random.default_rng(seed), tensors(plan)
    group, order = torch.from_numpy(rng.integers(3, size=len(plan))), rng.permutation(len(plan))
    found = SETS[name](signals, group)
    again = SETS[name]({each: values[order] for each, values in signals.items()}, group[order])
    torch.testing.assert_close(again, found[order], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", SETS)
@percent(20)
@given(plan=plans())
def test_equal_rows_are_equal_among_others(name: str, plan: Plan) -> None:
    signals = {each: values.repeat_interleave(2, dim=0) for each, values in tensors(plan).items()}
    group = torch.zeros(2 * len(plan), dtype=torch.int64)
    found = SETS[name](signals, group)
    assert torch.equal(found[0::2], found[1::2])


@percent(20)
@given(plan=plans(calm=True), count=st.integers(1, 6), data=st.data())
def test_clusters_are_of_points_not_of_places(plan: Plan, count: int, data: st.DataObject) -> None:
    points = tensors(plan)["embeddings"]
    order = torch.tensor(data.draw(st.permutations(range(len(plan)))))
    labels, centers = F.k_means(points, count)
    again = F.k_means(points[order], count)
    assert torch.equal(again.labels, labels[order])
    assert torch.equal(again.centers, centers)


def test_every_function_of_rows_is_listed() -> None:
    listed = {name.split(",")[0] for name in (*ROWS, *SETS)}
    assert listed <= {*F.__all__}
    assert {*F.__all__} - listed == OTHERS


OTHERS: set[Any] = {
    *("MetaQuery", "fit_meta_query", "linear_head", "ranking_loss"),  # of networks
    *("own_distance_ratio", "clusterability", "vote_error_bound"),
    *("approximate_knn", "flip_sizes", "reverse_neighbor_counts", "tune_scale", "pure_radius"),
    "youden_threshold",
    *("pareto_front", "pareto_layers", "pareto_subset"),
    *("batch_bald", "balanced_k_center", "k_center_greedy", "kmeans_pp", "gradient_kmeans_pp"),
    *("kernel_share", "fit_kernel", "weighted_k_means"),  # of all rows at once
    *("prob_cover", "finch", "finch_clusters", "k_means", "class_prototypes"),
}
"""Those that choose, fit or group."""
