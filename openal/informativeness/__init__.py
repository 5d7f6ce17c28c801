"""Scores of informativeness: how much the label of a candidate would teach."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.informativeness.aleatoric_mixture import AleatoricMixture
    from openal.informativeness.disagreement import (
        Disagreement,
        MeanStandardDeviation,
        MutualInformation,
    )
    from openal.informativeness.distance_ratio import DistanceRatio
    from openal.informativeness.distinctiveness import Distinctiveness
    from openal.informativeness.feature_mix import FeatureMix
    from openal.informativeness.inconsistency import Inconsistency
    from openal.informativeness.predicted_loss import PredictedLoss
    from openal.informativeness.progressive import Progressive
    from openal.informativeness.uncertainty import Entropy, InBetween, LeastConfidence, Margin
    from openal.informativeness.uniform import Uniform

__all__ = [
    "AleatoricMixture",
    "Disagreement",
    "DistanceRatio",
    "Distinctiveness",
    "Entropy",
    "FeatureMix",
    "InBetween",
    "Inconsistency",
    "LeastConfidence",
    "Margin",
    "MeanStandardDeviation",
    "MutualInformation",
    "PredictedLoss",
    "Progressive",
    "Uniform",
]

lazy_package(__name__)
