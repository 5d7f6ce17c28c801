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
from openal.functional.visual import prototype_cosines
from openal.functional.yes_no import tune_scale, yes_no_probabilities

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
    "prototype_cosines",
    "tune_scale",
    "variation_ratio",
    "yes_no_probabilities",
]
