"""One paper per file: a chain with the paper's defaults."""

from openal.strategies.available import available
from openal.strategies.clipnal import CLIPNAL
from openal.strategies.jsosal import JSOSAL
from openal.strategies.lfosa import LfOSA
from openal.strategies.neat import NEAT, NEATPassive
from openal.strategies.random import Random
from openal.strategies.uncertainty import Certainty, LeastConfidence, Margin, Uncertainty

__all__ = [
    "CLIPNAL",
    "JSOSAL",
    "NEAT",
    "Certainty",
    "LeastConfidence",
    "LfOSA",
    "Margin",
    "NEATPassive",
    "Random",
    "Uncertainty",
    "available",
]
