"""Scores: how much would its label teach?"""

from openal.informativeness.inconsistency import Inconsistency
from openal.informativeness.uncertainty import Entropy, LeastConfidence, Margin
from openal.informativeness.uniform import Uniform

__all__ = ["Entropy", "Inconsistency", "LeastConfidence", "Margin", "Uniform"]
