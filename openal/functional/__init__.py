"""The mathematics: pure functions of tensors."""

from openal.functional.inconsistency import inconsistency
from openal.functional.mixture import mixture_posterior
from openal.functional.neighbors import knn, neighbor_votes
from openal.functional.prototypes import class_prototypes
from openal.functional.uncertainty import (
    bald,
    entropy,
    least_confidence,
    margin,
    mean_std,
    variation_ratio,
)

__all__ = [
    "bald",
    "class_prototypes",
    "entropy",
    "inconsistency",
    "knn",
    "least_confidence",
    "margin",
    "mean_std",
    "mixture_posterior",
    "neighbor_votes",
    "variation_ratio",
]
