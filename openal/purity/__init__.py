"""Scores: how likely is it of a known class?"""

from openal.purity.activation_mixture import ActivationMixture, LargestActivation
from openal.purity.certainty import Certainty
from openal.purity.clip_purity import CLIPPurity
from openal.purity.clipn_purity import CLIPNPurity
from openal.purity.known_neighbors import KnownNeighbors
from openal.purity.negative_labels import NegativeLabels, negative_labels
from openal.purity.prototype_purity import PrototypePurity

__all__ = [
    "ActivationMixture",
    "CLIPNPurity",
    "CLIPPurity",
    "Certainty",
    "KnownNeighbors",
    "LargestActivation",
    "NegativeLabels",
    "PrototypePurity",
    "negative_labels",
]
