"""Stages: which of the candidates, jointly?"""

from openal.selection.filter import Filter
from openal.selection.mixtures import Product, Sum
from openal.selection.top import Top
from openal.selection.top_per_group import PredictedClass, TopPerGroup

__all__ = ["Filter", "PredictedClass", "Product", "Sum", "Top", "TopPerGroup"]
