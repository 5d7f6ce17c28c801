"""The numbers that functions take beside arrays: the least of them, and the published defaults."""

from math import nan
from typing import Any

import torch

from openal.functional.kernel_share import Kernel
from tests.hostile.functional_calls import numbers

__all__ = ["BORDERS", "DEFAULTS", "TELLING"]

COUNT, AMOUNT, POSITIVE = (0, 1), (-1, 0), (0.0, 1e-3)

# By function and option: the largest number that is refused, and the smallest that is taken.
BORDERS: dict[str, dict[str, tuple[float, float]]] = {
    "approximate_knn": {"k": COUNT, "probes": COUNT},
    "balanced_k_center": {"budget": AMOUNT, "lamb": (nan, -1.0)},
    "batch_bald": {"budget": COUNT, "configurations": COUNT},
    "candidate_length": {"budget": COUNT, "precision": (nan, -1.0)},
    "class_prototypes": {"num_classes": COUNT},
    "clusterability": {"k": COUNT, "noise": (-1e-9, 0.0)},
    "count_unknown_kinds": {"most": COUNT},
    "finch_clusters": {"count": COUNT},
    "fit_meta_query": {"hidden": COUNT},
    "gradient_kmeans_pp": {"budget": AMOUNT},
    "k_center_greedy": {"budget": AMOUNT},
    "k_means": {"count": COUNT, "seed": AMOUNT},
    "kmeans_pp": {"budget": AMOUNT},
    "knn": {"k": COUNT, "block_size": COUNT},
    "linear_head": {"ridge": (-1e-9, 0.0)},
    "mahalanobis": {"prior": POSITIVE},
    "mixture_posterior": {
        **dict.fromkeys(("num_groups", "max_iter"), COUNT),
        **dict.fromkeys(("weight_concentration", "mean_precision", "reg_covar", "tol"), POSITIVE),
    },
    "neighbor_votes": {"num_classes": COUNT},
    "openmax": {"alpha": COUNT, "tail": COUNT, "scale": POSITIVE, "shift": POSITIVE},
    "openmax_model": {"tail": COUNT, "scale": POSITIVE, "shift": POSITIVE},
    "pareto_layers": {"count": AMOUNT},
    "pareto_subset": {"size": AMOUNT, "draws": COUNT, "patience": COUNT},
    "prob_cover": {"budget": AMOUNT, "delta": (-1e-9, 0.0)},
    "pure_radius": {"purity": (-1e-9, 0.0)},
    "ranking_loss": {"margin": POSITIVE},
    "reverse_neighbor_counts": {"num_labels": COUNT, "k": COUNT},
    "typicality": {"k": COUNT},
    "vote_error_bound": {"k": COUNT, "noise": (-1e-9, 0.0)},
    "weighted_k_means": {"steps": AMOUNT},
    "yes_no_probabilities": {"scale": POSITIVE},
}

# From the papers and the authors' code; to change one changes what users get.
DEFAULTS: dict[str, dict[str, Any]] = {
    "approximate_knn": {"probes": 16},
    "balanced_k_center": {"lamb": 5.0},
    "batch_bald": {"configurations": 500, "generator": None},
    "clusterability": {"k": 10, "noise": 0.0},
    "evidential_loss": {"anneal": 1.0},
    "fit_meta_query": {"hidden": 64, "generator": None},
    "gaussian": {"prior": None},
    "k_means": {"seed": 0, "mini_batch": None},
    "knn": {"block_size": None},
    "linear_head": {"ridge": 1e-10},
    "mahalanobis": {"prior": None},
    "mixture_posterior": {
        "bayesian": False,
        "tied": False,
        "standardize": False,
        "dirichlet_process": False,
        "weight_concentration": 0.5,
        "mean_precision": 1.0,
        "reg_covar": 5e-4,
        "max_iter": 10,
        "tol": 0.01,
    },
    "openmax": {"alpha": 10, "tail": 20, "scale": None, "shift": 1.0},
    "openmax_model": {"tail": 20, "scale": None, "shift": 1.0},
    "pareto_subset": {"draws": 10_000},
    "progressive_score": {"mu": 0.6},
    "pure_radius": {"purity": 0.95, "rows": None},
    "ranking_loss": {"margin": 1.0, "reduce": True},
    "kernel_share": {"kernel": None},
    "tune_scale": {
        "visual": None,
        "scales": None,
        "rule": "atd",
        "tie_break": "first",
        "objective": "balanced",
    },
    "typicality": {"k": 20},
    "vote_error_bound": {"noise": 0.0},
    "weighted_k_means": {"steps": 10},
    "yes_no_probabilities": {"visual": None, "rule": "atd"},
}

MANY = numbers(150, 4)
ROUND = torch.arange(150) % 4
MIXED = {"values": numbers(60) + 2.5 * (torch.arange(60) % 3 == 0), "groups": torch.arange(60) % 2}
BAYESIAN = {**MIXED, "bayesian": True}
KNOWN = {"known_logits": 3 * numbers(400, 12, seed=1)}
KNOWN |= {"known_labels": KNOWN["known_logits"].argmax(dim=1)}
OPEN = {"logits": numbers(20, 12), **KNOWN}
SPREAD = {"points": MANY, "centers": MANY[:2], "probs": (5 * numbers(150, 3)).softmax(dim=1)}
HEADS = {"yes": numbers(90, 3).tanh(), "no": numbers(90, 3, seed=1).tanh()}
HEADS |= {"is_known": HEADS["yes"].amax(dim=1) > HEADS["no"].amax(dim=1), "scales": None}
FEW = {key: None if each is None else each[:5] for key, each in HEADS.items()}
RARE = {**HEADS, "is_known": HEADS["yes"].amax(dim=1) > HEADS["yes"].amax(dim=1).topk(9).values[-1]}
TWICE = {"queries": numbers(40, 8), "references": MANY.repeat(1, 2), "k": 40}

# By function and option: another value, and what it is needed for the two to give two results.
TELLING: dict[str, dict[str, tuple[Any, dict[str, Any]]]] = {
    "approximate_knn": {"probes": (17, TWICE)},
    "balanced_k_center": {
        "lamb": (6.0, {**SPREAD, "required": torch.tensor([5.0, 20.0, 5.0]), "budget": 30})
    },
    "batch_bald": {"configurations": (501, {"mc_logits": 3 * numbers(20, 9, 3), "budget": 9})},
    "clusterability": {
        "k": (11, {"embeddings": MANY, "labels": ROUND}),
        "noise": (0.5, {"embeddings": MANY, "labels": ROUND}),
    },
    "evidential_loss": {"anneal": (2.0, {})},
    "fit_meta_query": {"hidden": (65, {})},
    "k_means": {"seed": (1, {"points": MANY, "count": 9})},
    "linear_head": {"ridge": (1.0, {})},
    "mixture_posterior": {
        "bayesian": (True, MIXED),
        "tied": (True, MIXED),
        "standardize": (True, MIXED),
        "dirichlet_process": (True, BAYESIAN),
        "weight_concentration": (1.5, BAYESIAN),
        "mean_precision": (2.0, BAYESIAN),
        "reg_covar": (1.0, MIXED),
        "max_iter": (11, {**MIXED, "tol": 1e-12}),
        "tol": (1.01, MIXED),
    },
    "openmax": {"alpha": (11, OPEN), "tail": (21, OPEN), "shift": (2.0, OPEN)},
    "openmax_model": {"tail": (21, KNOWN), "shift": (2.0, KNOWN)},
    "pareto_subset": {"draws": (9_000, {"values": numbers(200, 2), "size": 20, "patience": 10**6})},
    "progressive_score": {"mu": (1.6, {})},
    "pure_radius": {"purity": (1.0, {"embeddings": MANY, "labels": ROUND, "rows": None})},
    "ranking_loss": {"margin": (2.0, {}), "reduce": (False, {})},
    "kernel_share": {"kernel": (Kernel(0.3, 0.3), {})},
    "tune_scale": {
        "rule": ("ctw", HEADS),
        "tie_break": ("center", FEW),
        "objective": ("accuracy", RARE),
    },
    "typicality": {"k": (21, {"points": MANY, "groups": ROUND})},
    "vote_error_bound": {"noise": (0.5, {})},
    "weighted_k_means": {"steps": (1, {"points": MANY, "weights": ROUND, "centers": MANY[:9]})},
    "yes_no_probabilities": {"rule": ("ctw", {"visual": None})},
}
