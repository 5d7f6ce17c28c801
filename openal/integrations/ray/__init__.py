"""Pools that outgrow one machine, on a Ray cluster: queries, embeddings, simulations."""

from openal.integrations.ray.embed import Embedded, embed_with_ray, store_of_parts
from openal.integrations.ray.engine import RayEngine

__all__ = ["Embedded", "RayEngine", "embed_with_ray", "store_of_parts"]
