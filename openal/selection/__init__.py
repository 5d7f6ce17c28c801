"""Stages: which of the candidates, jointly?"""

from openal.selection.filter import Filter
from openal.selection.mixtures import Product, Sum
from openal.selection.top import Top

__all__ = ["Filter", "Product", "Sum", "Top"]
