"""Centers in cells: who looks into the nearest cells knows about how far the nearest center is."""

from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from typing import final

import torch
from torch import Tensor

from openal.functional.distances import Located, at_most, products

__all__ = ["Cells"]


@final
@dataclass(frozen=True, eq=False)
class Cells:
    """The square root of m pivots, which are centers, and the centers nearest to each of them."""

    centers: Located
    pivots: Located
    members: tuple[Located, ...]  # of each cell, its pivot among them

    @classmethod
    def of(cls, centers: Located) -> "Cells":
        """The cells of centers [m], m > 0."""
        m = len(centers.squares)
        places = torch.arange(0, m, max(1, isqrt(m)), device=centers.moved.device)
        pivots = centers.at(places)
        cell = products(centers.moved, pivots).argmin(dim=1)
        cell[places] = torch.arange(len(places), device=cell.device)
        ordered, ends = centers.at(cell.argsort(stable=True)), torch.bincount(cell).cumsum(0)
        members = (ordered.at(slice(*each)) for each in pairwise([0, *ends.tolist()]))
        return cls(centers, pivots, tuple(members))

    def __len__(self) -> int:
        return len(self.members)

    def bounds(self, points: Located, count: int) -> Tensor:
        """Upper bounds [n], float64, of the squared distances to the nearest center.

        They are those to the pivots and to the centers in the cells of the `count` nearest pivots.
        """
        to_pivots = products(points.moved, self.pivots)
        least = to_pivots.amin(dim=1)
        for nearest in to_pivots.topk(count, largest=False).indices.unbind(dim=1):
            order = nearest.argsort()
            sizes = torch.bincount(nearest, minlength=len(self)).tolist()
            visitors = zip(
                points.moved.index_select(0, order).split(sizes), self.members, strict=True
            )
            found = [
                products(moved, members).amin(dim=1) for moved, members in visitors if len(moved)
            ]
            least[order] = least[order].minimum(torch.cat(found))
        return at_most(least, points, self.centers)
