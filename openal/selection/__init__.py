"""Stages: which of the candidates, jointly?"""

from openal.selection.adaptive import Adaptive
from openal.selection.batch_bald import BatchBALD
from openal.selection.clusters import Clusters
from openal.selection.cover import Cover
from openal.selection.directions import Directions
from openal.selection.filter import Filter
from openal.selection.k_center import ClassBalancedKCenter, KCenter
from openal.selection.k_means_centers import KMeansCenters
from openal.selection.kmeans_plus_plus import KMeansPlusPlus
from openal.selection.meta_score import MetaScore
from openal.selection.mixtures import Product, Sum
from openal.selection.nearest_class import NearestClass
from openal.selection.note import Note
from openal.selection.pareto_subset import ParetoSubset
from openal.selection.quota import Quota
from openal.selection.target_precision import TargetPrecision
from openal.selection.top import Top
from openal.selection.top_per_group import PredictedClass, TopPerGroup
from openal.selection.top_share import TopShare
from openal.selection.top_with_ties import TopWithTies
from openal.selection.typical_per_cluster import TypicalPerCluster
from openal.selection.vectors import GradientEmbedding, Signal

__all__ = [
    "Adaptive",
    "BatchBALD",
    "ClassBalancedKCenter",
    "Clusters",
    "Cover",
    "Directions",
    "Filter",
    "GradientEmbedding",
    "KCenter",
    "KMeansCenters",
    "KMeansPlusPlus",
    "MetaScore",
    "NearestClass",
    "Note",
    "ParetoSubset",
    "PredictedClass",
    "Product",
    "Quota",
    "Signal",
    "Sum",
    "TargetPrecision",
    "Top",
    "TopPerGroup",
    "TopShare",
    "TopWithTies",
    "TypicalPerCluster",
]
