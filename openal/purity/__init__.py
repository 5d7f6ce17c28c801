"""Scores of purity: how likely a candidate is of a known class."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.purity.activation_mixture import ActivationMixture, LargestActivation
    from openal.purity.classifier import Certainty, EnergyPurity
    from openal.purity.clip import CLIPPurity
    from openal.purity.clipn import CLIPNPurity
    from openal.purity.detector import ClosedSetCertainty, DetectorProbability, PredictedKnown
    from openal.purity.distance_entropy import DistanceEntropy
    from openal.purity.epistemic_mixture import EpistemicMixture
    from openal.purity.evidence_share import EvidenceShare
    from openal.purity.gaussians import ClassGaussians, MahalanobisPurity
    from openal.purity.kernel_share import KernelShare
    from openal.purity.known_neighbors import KnownNeighbors
    from openal.purity.known_probability import KnownProbability
    from openal.purity.nearest_known import NearestKnown, SemanticGate
    from openal.purity.negative_labels import NegativeLabels, negative_labels
    from openal.purity.openmax import OpenMaxPurity
    from openal.purity.prompt_margin import PromptMargin
    from openal.purity.prototypes import PrototypePurity
    from openal.purity.text_share import TextShare

__all__ = [
    "ActivationMixture",
    "CLIPNPurity",
    "CLIPPurity",
    "Certainty",
    "ClassGaussians",
    "ClosedSetCertainty",
    "DetectorProbability",
    "DistanceEntropy",
    "EnergyPurity",
    "EpistemicMixture",
    "EvidenceShare",
    "KernelShare",
    "KnownNeighbors",
    "KnownProbability",
    "LargestActivation",
    "MahalanobisPurity",
    "NearestKnown",
    "NegativeLabels",
    "OpenMaxPurity",
    "PredictedKnown",
    "PromptMargin",
    "PrototypePurity",
    "SemanticGate",
    "TextShare",
    "negative_labels",
]

lazy_package(__name__)
