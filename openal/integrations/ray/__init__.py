"""Pools that outgrow one machine, on a Ray cluster: queries, embeddings, simulations."""

from openal.integrations.ray.embed import Embedded, embed_with_ray, store_of_parts
from openal.integrations.ray.engine import RayEngine
from openal.integrations.ray.runs import RayRuns
from openal.integrations.ray.two_rounds import TwoRoundKCenter

__all__ = [
    "Embedded",
    "RayEngine",
    "RayRuns",
    "TwoRoundKCenter",
    "embed_with_ray",
    "store_of_parts",
]
