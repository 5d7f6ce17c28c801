"""Scores: how likely is it of a known class?"""

from openal.purity.activation_mixture import ActivationMixture, LargestActivation
from openal.purity.certainty import Certainty
from openal.purity.class_gaussians import ClassGaussians
from openal.purity.clip_purity import CLIPPurity
from openal.purity.clipn_purity import CLIPNPurity
from openal.purity.closed_set_certainty import ClosedSetCertainty
from openal.purity.distance_entropy import DistanceEntropy
from openal.purity.energy_purity import EnergyPurity
from openal.purity.epistemic_mixture import EpistemicMixture
from openal.purity.evidence_share import EvidenceShare
from openal.purity.known_neighbors import KnownNeighbors
from openal.purity.mahalanobis_purity import MahalanobisPurity
from openal.purity.nearest_known import NearestKnown
from openal.purity.negative_labels import NegativeLabels, negative_labels
from openal.purity.openmax_purity import OpenMaxPurity
from openal.purity.predicted_known import PredictedKnown
from openal.purity.prototype_purity import PrototypePurity
from openal.purity.semantic_gate import SemanticGate

__all__ = [
    "ActivationMixture",
    "CLIPNPurity",
    "CLIPPurity",
    "Certainty",
    "ClassGaussians",
    "ClosedSetCertainty",
    "DistanceEntropy",
    "EnergyPurity",
    "EpistemicMixture",
    "EvidenceShare",
    "KnownNeighbors",
    "LargestActivation",
    "MahalanobisPurity",
    "NearestKnown",
    "NegativeLabels",
    "OpenMaxPurity",
    "PredictedKnown",
    "PrototypePurity",
    "SemanticGate",
    "negative_labels",
]
