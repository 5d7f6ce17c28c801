"""Random: the baseline that every other strategy has to beat."""

from dataclasses import dataclass

from openal.informativeness import Uniform
from openal.query import Chain, Paper
from openal.selection import Top

__all__ = ["Random"]


@dataclass(frozen=True)
class Random(Paper):
    """Items drawn uniformly without replacement; its precision is the pool's share of known.

    Differences: NEAT's authors' code runs uncertainty sampling under this name.

    Cost: nothing is trained and nothing is read.

    Reference: none is needed.
    """

    def plan(self) -> Chain:
        """A random order."""
        return Chain(Top(Uniform()))
