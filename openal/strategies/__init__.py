"""The strategies, one paper per file: a chain with the paper's defaults."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.strategies._available import available
    from openal.strategies._suggest import suggest
    from openal.strategies.alphamix import AlphaMix
    from openal.strategies.badge import BADGE
    from openal.strategies.batch_bald import BatchBALD
    from openal.strategies.bgadl import BGADL
    from openal.strategies.ccal import CCAL
    from openal.strategies.clipnal import CLIPNAL
    from openal.strategies.coreset import ClassBalancedCoreset, Coreset
    from openal.strategies.e2oal import E2OAL
    from openal.strategies.eaoa import EAOA
    from openal.strategies.eoal import EOAL
    from openal.strategies.joda import Joda
    from openal.strategies.jsosal import JSOSAL
    from openal.strategies.known_k_means import KnownKMeans
    from openal.strategies.learning_loss import LearningLoss
    from openal.strategies.lfosa import LfOSA
    from openal.strategies.mc_dropout import BALD, MeanSTD, VariationRatio
    from openal.strategies.mqnet import MQNet
    from openal.strategies.neat import NEAT, NEATPassive
    from openal.strategies.open_pathology import OpenPathology
    from openal.strategies.openmax import OpenMax
    from openal.strategies.openpath import OpenPath
    from openal.strategies.pal import PAL
    from openal.strategies.poal import POAL
    from openal.strategies.probcover import ProbCover
    from openal.strategies.prompt_gate import PromptGate
    from openal.strategies.random import Random
    from openal.strategies.typiclust import TypiClust
    from openal.strategies.uncertainty import (
        CertaintySampling,
        LeastConfidenceSampling,
        MarginSampling,
        Uncertainty,
    )

__all__ = [
    "BADGE",
    "BALD",
    "BGADL",
    "CCAL",
    "CLIPNAL",
    "E2OAL",
    "EAOA",
    "EOAL",
    "JSOSAL",
    "NEAT",
    "PAL",
    "POAL",
    "AlphaMix",
    "BatchBALD",
    "CertaintySampling",
    "ClassBalancedCoreset",
    "Coreset",
    "Joda",
    "KnownKMeans",
    "LearningLoss",
    "LeastConfidenceSampling",
    "LfOSA",
    "MQNet",
    "MarginSampling",
    "MeanSTD",
    "NEATPassive",
    "OpenMax",
    "OpenPath",
    "OpenPathology",
    "ProbCover",
    "PromptGate",
    "Random",
    "TypiClust",
    "Uncertainty",
    "VariationRatio",
    "available",
    "suggest",
]

lazy_package(__name__)
