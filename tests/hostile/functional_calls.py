"""How to call every public function of `openal.functional`: good arguments, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from openal import functional

__all__ = ["CALLS", "Call", "leaves"]


@dataclass(frozen=True, eq=False)
class Call:
    """A function, its arrays by argument, and what else it needs; generators are made anew."""

    arrays: Mapping[str, Tensor]
    rest: Mapping[str, Any] = field(default_factory=dict)
    function: Callable[..., Any] | None = None
    random: bool = False

    def of(self, name: str, **changed: Any) -> Any:
        """What the function `name` gives, with some arguments changed."""
        drawn = {"generator": torch.Generator().manual_seed(0)} if self.random else {}
        arrays = {key: each.clone() for key, each in self.arrays.items() if key not in changed}
        function = self.function or getattr(functional, name)
        return function(**{**arrays, **self.rest, **drawn, **changed})


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


LOGITS, SAMPLES, POINTS = numbers(12, 3), numbers(12, 4, 3), numbers(12, 5, seed=1)
OTHERS, COSINES = numbers(4, 5, seed=2), numbers(12, 3).tanh()
CLASSES, PAIRS = torch.arange(12) % 3, numbers(12, 2)
WEIGHTS = numbers(4, 2).double()
META = functional.MetaQuery(WEIGHTS[:2], WEIGHTS[2], WEIGHTS[3], torch.tensor(0.5).double())
HEAD = numbers(3, 5, seed=3)

CALLS: dict[str, Call] = {
    "MetaQuery": Call({"inputs": numbers(12, 2)}, function=META),
    "aleatoric_energy": Call({"logits": LOGITS}),
    "anchor_agreement": Call({"queries": POINTS, "anchors": OTHERS}),
    "approximate_knn": Call({"queries": POINTS, "references": OTHERS}, {"k": 2}),
    "balanced_k_center": Call(
        {
            "points": POINTS,
            "centers": OTHERS,
            "probs": LOGITS.softmax(dim=1),
            "required": torch.tensor([1.0, 2.0, 1.0]),
        },
        {"budget": 3},
    ),
    "bald": Call({"mc_logits": SAMPLES}),
    "batch_bald": Call({"mc_logits": SAMPLES}, {"budget": 3}, random=True),
    "binary_entropy_score": Call({"logits": numbers(12, 2, 3)}),
    "class_prototypes": Call({"embeddings": POINTS, "labels": CLASSES}, {"num_classes": 3}),
    "clusterability": Call({"embeddings": POINTS, "labels": CLASSES}, {"k": 2}),
    "distance_entropy": Call({"points": POINTS, "centers": OTHERS}),
    "distance_ratio": Call(
        {
            "points": POINTS,
            "classes": CLASSES,
            "references": OTHERS,
            "labels": torch.arange(4) % 3,
        }
    ),
    "energy": Call({"logits": LOGITS}),
    "entropy": Call({"logits": LOGITS}),
    "epistemic_energy": Call({"logits": LOGITS}),
    "finch": Call({"points": POINTS}),
    "finch_clusters": Call({"points": POINTS}, {"count": 2}),
    "fit_kernel": Call({"answered": POINTS, "is_known": CLASSES > 0}),
    "fit_meta_query": Call(
        {"inputs": numbers(8, 2), "targets": torch.arange(8) / 1.0}, {"hidden": 2}, random=True
    ),
    "flip_sizes": Call(
        {"features": POINTS, "logits": POINTS @ HEAD.T, "weight": HEAD, "anchors": OTHERS}
    ),
    "gradient_kmeans_pp": Call({"logits": LOGITS, "features": POINTS}, {"budget": 3}, random=True),
    "inconsistency": Call({"logits": LOGITS, "votes": LOGITS.abs().round()}),
    "k_center_greedy": Call({"points": POINTS, "centers": OTHERS}, {"budget": 3}),
    "k_means": Call({"points": POINTS}, {"count": 3}),
    "kernel_share": Call({"points": OTHERS, "answered": POINTS, "is_known": CLASSES > 0}),
    "kmeans_pp": Call({"points": POINTS}, {"budget": 3}, random=True),
    "knn": Call({"queries": POINTS, "references": OTHERS}, {"k": 2}),
    "known_share": Call(
        {"values": LOGITS[:, 0], "answered": LOGITS[:, 1], "is_known": CLASSES > 0}
    ),
    "least_confidence": Call({"logits": LOGITS}),
    "linear_head": Call({"features": POINTS, "logits": LOGITS}),
    "mahalanobis": Call({"points": POINTS, "sample": OTHERS}),
    "margin": Call({"logits": LOGITS}),
    "mean_std": Call({"mc_logits": SAMPLES}),
    "mixture_posterior": Call({"values": numbers(12), "groups": CLASSES}, {"num_groups": 3}),
    "neighbor_votes": Call({"neighbor_labels": CLASSES.reshape(6, 2)}, {"num_classes": 3}),
    "openmax": Call({"logits": LOGITS, "known_logits": 3 * LOGITS, "known_labels": CLASSES}),
    "own_distance_ratio": Call({"references": POINTS, "labels": CLASSES}),
    "pareto_front": Call({"values": PAIRS}),
    "pareto_layers": Call({"values": PAIRS}, {"count": 3}),
    "pareto_subset": Call({"values": PAIRS}, {"size": 3, "patience": 128}, random=True),
    "prob_cover": Call({"embeddings": POINTS, "answered": OTHERS}, {"budget": 3, "delta": 0.5}),
    "prototype_cosines": Call({"embeddings": POINTS, "prototypes": OTHERS}),
    "pure_radius": Call({"embeddings": POINTS, "labels": CLASSES, "rows": torch.tensor([3, 0])}),
    "ranking_loss": Call({"predicted": numbers(12), "losses": numbers(12, seed=1)}),
    "reverse_neighbor_counts": Call(
        {"references": OTHERS, "queries": POINTS, "labels": CLASSES}, {"num_labels": 3, "k": 2}
    ),
    "standardized": Call({"scores": numbers(12)}),
    "tune_scale": Call(
        {
            "yes": COSINES,
            "no": COSINES.flip(1),
            "is_known": CLASSES > 0,
            "scales": torch.tensor([1.0, 10.0, 100.0]),
        }
    ),
    "typicality": Call({"points": POINTS, "groups": CLASSES}, {"k": 2}),
    "unit_range": Call({"values": LOGITS[:, 0]}),
    "variation_ratio": Call({"mc_logits": SAMPLES}),
    "vote_error_bound": Call({"probs": LOGITS[:, 0].sigmoid()}, {"k": 3}),
    "weighted_k_means": Call({"points": POINTS, "weights": COSINES[:, 0] + 1, "centers": OTHERS}),
    "yes_no_probabilities": Call(
        {"yes": COSINES, "no": COSINES.flip(1), "visual": COSINES.flip(0)}, {"scale": 20.0}
    ),
    "youden_threshold": Call({"scores": numbers(12), "is_known": CLASSES > 0}),
}
"""A call that works, for every public name."""


def leaves(result: Any) -> list[Any]:
    """The tensors and numbers of a result, one after the other."""
    if isinstance(result, tuple):
        return [each for part in result for each in leaves(part)]
    if isinstance(result, functional.MetaQuery):
        return [result.inner, result.bias, result.outer, result.offset]
    return [result]
