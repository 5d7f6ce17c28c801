"""Embeddings on disk: computed once, resumed after any interruption, shared between processes."""

from openal.store.embeddings import Embeddings
from openal.store.fill import fill
from openal.store.images import image_names

__all__ = ["Embeddings", "fill", "image_names"]
