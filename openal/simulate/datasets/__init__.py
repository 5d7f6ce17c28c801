"""Labeled images to simulate with: known data sets, folders, arrays."""

from openal.simulate.datasets.images import image_data

__all__ = ["image_data"]
