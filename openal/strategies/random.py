"""The baseline that every other strategy has to beat."""

from dataclasses import dataclass

from openal.informativeness import Uniform
from openal.query import Chain, Stage
from openal.selection import Top

__all__ = ["Random"]


@dataclass(frozen=True)
class Random(Chain):
    """Items drawn uniformly without replacement; its precision is the pool's share of known.

    NEAT's authors' code runs uncertainty sampling under this name.
    """

    @property
    def stages(self) -> tuple[Stage, ...]:
        """A random order."""
        return (Top(Uniform()),)
