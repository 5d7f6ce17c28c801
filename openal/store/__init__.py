"""Embeddings on disk: computed once, resumed after any interruption, shared between processes."""

from openal.store.embeddings import Embeddings
from openal.store.filling import fill

__all__ = ["Embeddings", "fill"]
