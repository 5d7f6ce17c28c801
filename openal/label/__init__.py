"""A page on this computer where people answer: one image, or a grid, and a button per class."""

from openal.label.serve import serve
from openal.label.work import Work

__all__ = ["Work", "serve"]
