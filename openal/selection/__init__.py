"""Stages, groups and vectors: which of the candidates are chosen, one by one or jointly."""

import typing

from openal._lazy import lazy_package

if typing.TYPE_CHECKING:
    from openal.selection.adaptive import Adaptive, TargetPrecision
    from openal.selection.combine import GeometricMean, Power, Product, Sum
    from openal.selection.cover import Cover
    from openal.selection.groups import Clusters, NearestClass, PredictedClass, RandomGroups
    from openal.selection.joint_information import JointInformation
    from openal.selection.k_center import ClassBalancedKCenter, KCenter
    from openal.selection.k_means import KMeansCenters, KMeansPlusPlus
    from openal.selection.meta_score import MetaScore
    from openal.selection.pareto import ParetoSubset
    from openal.selection.quota import Quota
    from openal.selection.ranking import Filter, Note, Top, TopShare, TopWithTies
    from openal.selection.top_per_group import TopPerGroup
    from openal.selection.typical import TypicalPerCluster
    from openal.selection.until_known import UntilKnown
    from openal.selection.vectors import Directions, GradientEmbedding, Signal
    from openal.selection.weighted_k_means import WeightedKMeans

__all__ = [
    "Adaptive",
    "ClassBalancedKCenter",
    "Clusters",
    "Cover",
    "Directions",
    "Filter",
    "GeometricMean",
    "GradientEmbedding",
    "JointInformation",
    "KCenter",
    "KMeansCenters",
    "KMeansPlusPlus",
    "MetaScore",
    "NearestClass",
    "Note",
    "ParetoSubset",
    "Power",
    "PredictedClass",
    "Product",
    "Quota",
    "RandomGroups",
    "Signal",
    "Sum",
    "TargetPrecision",
    "Top",
    "TopPerGroup",
    "TopShare",
    "TopWithTies",
    "TypicalPerCluster",
    "UntilKnown",
    "WeightedKMeans",
]

lazy_package(__name__)
