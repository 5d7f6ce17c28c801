"""Scores: how likely is it of a known class?"""

from openal.purity.activation_mixture import ActivationMixture, LargestActivation
from openal.purity.certainty import Certainty
from openal.purity.known_neighbors import KnownNeighbors

__all__ = ["ActivationMixture", "Certainty", "KnownNeighbors", "LargestActivation"]
