"""The mathematics: pure functions of tensors."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.functional.approximate_neighbors import approximate_knn
    from openal.functional.balanced_k_center import balanced_k_center
    from openal.functional.batch_bald import batch_bald
    from openal.functional.clusterability import clusterability, vote_error_bound
    from openal.functional.distance_ratio import distance_ratio, own_distance_ratio
    from openal.functional.distinctiveness import anchor_agreement
    from openal.functional.energy import aleatoric_energy, energy, epistemic_energy
    from openal.functional.entropies import binary_entropy_score, distance_entropy
    from openal.functional.feature_mix import flip_sizes, linear_head
    from openal.functional.finch import finch, finch_clusters
    from openal.functional.gradient_kmeans import gradient_kmeans_pp
    from openal.functional.inconsistency import inconsistency
    from openal.functional.k_center import k_center_greedy
    from openal.functional.k_means import k_means
    from openal.functional.kernel_share import fit_kernel, kernel_share
    from openal.functional.kmeans_pp import kmeans_pp
    from openal.functional.known_share import known_share
    from openal.functional.losses import ranking_loss
    from openal.functional.mahalanobis import mahalanobis
    from openal.functional.meta_query import MetaQuery, fit_meta_query, standardized
    from openal.functional.mixture import mixture_posterior
    from openal.functional.neighbors import knn, neighbor_votes, reverse_neighbor_counts
    from openal.functional.openmax import openmax
    from openal.functional.pareto import pareto_front, pareto_layers, pareto_subset
    from openal.functional.prob_cover import prob_cover, pure_radius
    from openal.functional.prototypes import class_prototypes, prototype_cosines
    from openal.functional.scale_tuning import tune_scale
    from openal.functional.scaling import unit_range
    from openal.functional.typicality import typicality
    from openal.functional.uncertainty import (
        bald,
        entropy,
        least_confidence,
        margin,
        mean_std,
        variation_ratio,
    )
    from openal.functional.weighted_k_means import weighted_k_means
    from openal.functional.yes_no import yes_no_probabilities
    from openal.functional.youden import youden_threshold

__all__ = [
    "MetaQuery",
    "aleatoric_energy",
    "anchor_agreement",
    "approximate_knn",
    "balanced_k_center",
    "bald",
    "batch_bald",
    "binary_entropy_score",
    "class_prototypes",
    "clusterability",
    "distance_entropy",
    "distance_ratio",
    "energy",
    "entropy",
    "epistemic_energy",
    "finch",
    "finch_clusters",
    "fit_kernel",
    "fit_meta_query",
    "flip_sizes",
    "gradient_kmeans_pp",
    "inconsistency",
    "k_center_greedy",
    "k_means",
    "kernel_share",
    "kmeans_pp",
    "knn",
    "known_share",
    "least_confidence",
    "linear_head",
    "mahalanobis",
    "margin",
    "mean_std",
    "mixture_posterior",
    "neighbor_votes",
    "openmax",
    "own_distance_ratio",
    "pareto_front",
    "pareto_layers",
    "pareto_subset",
    "prob_cover",
    "prototype_cosines",
    "pure_radius",
    "ranking_loss",
    "reverse_neighbor_counts",
    "standardized",
    "tune_scale",
    "typicality",
    "unit_range",
    "variation_ratio",
    "vote_error_bound",
    "weighted_k_means",
    "yes_no_probabilities",
    "youden_threshold",
]

lazy_package(__name__)
