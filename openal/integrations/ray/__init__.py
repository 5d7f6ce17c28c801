"""Pools that outgrow one machine, on a Ray cluster: queries, embeddings, simulations."""

from openal.integrations.ray.engine import RayEngine

__all__ = ["RayEngine"]
