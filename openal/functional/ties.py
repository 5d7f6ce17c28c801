"""A second criterion that decides between equals."""

from torch import Tensor

__all__ = ["HAIR", "with_ties_broken"]

HAIR = 1e-9
"""How much a second criterion may move a score: enough to break ties, and no more."""


def with_ties_broken(score: Tensor, standing: Tensor) -> Tensor:
    """The score [n], float64 in [0, 1], moved by a hair towards the standing [n] in [0, 1]."""
    return (1 - HAIR) * score + HAIR * standing
