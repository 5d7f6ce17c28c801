"""Scores: how much would its label teach?"""

from openal.informativeness.aleatoric_mixture import AleatoricMixture
from openal.informativeness.disagreement import BALD, MeanSTD, VariationRatio
from openal.informativeness.distinctiveness import Distinctiveness
from openal.informativeness.feature_mix import FeatureMix
from openal.informativeness.inconsistency import Inconsistency
from openal.informativeness.predicted_loss import PredictedLoss
from openal.informativeness.progressive import Progressive
from openal.informativeness.uncertainty import Entropy, InBetween, LeastConfidence, Margin
from openal.informativeness.uniform import Uniform

__all__ = [
    "BALD",
    "AleatoricMixture",
    "Distinctiveness",
    "Entropy",
    "FeatureMix",
    "InBetween",
    "Inconsistency",
    "LeastConfidence",
    "Margin",
    "MeanSTD",
    "PredictedLoss",
    "Progressive",
    "Uniform",
    "VariationRatio",
]
