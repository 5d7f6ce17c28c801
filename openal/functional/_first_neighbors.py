"""The nearest other point of every point, each pair multiplied once."""

from threading import Lock

import torch
from torch import Tensor

from openal._threads import for_each
from openal.functional._cosines import cosines_of, normalized_rows, tolerance_of
from openal.functional._rows import strips
from openal.functional.neighbors import knn

__all__ = ["first_neighbors"]

BLOCK_ELEMENTS = 2**22  # of the products that are held at a time
GROUPS = 128  # the two largest products of a row are looked for in so many groups
ROW_GROUPS = 16  # and those of a column
PIECE_ROWS = 1024  # of which a copy in float64 is held


def first_neighbors(points: Tensor) -> Tensor:
    """The other point of the largest cosine with each [n], int64; of a single point, itself.

    As `knn` finds it for finite points [n, D]: cosines are rounded as there, and of those that are
    equal the lowest index is taken. A product of units that is larger than all others by more than
    rounding errors can be is enough to know; the other points, few as a rule, are left to `knn`.
    """
    if len(points) < 2:
        return torch.arange(len(points), device=points.device)
    index, doubtful = _proposed(points, torch.float32)
    if len(doubtful):
        first, second = knn(points[doubtful], points, 2).indices.unbind(dim=1)
        index[doubtful] = torch.where(first == doubtful, second, first)
    return index


def _proposed(points: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Neighbors [n] by products in `dtype`, and the points that these leave in doubt."""
    search = _LargestProducts(points, dtype)
    runs = strips(len(points), elements=BLOCK_ELEMENTS, multiple=2 * ROW_GROUPS)
    for_each(runs, search.look)
    doubtful = search.doubtful()
    sure = (~doubtful).nonzero()[:, 0]
    if dtype == torch.float64 or search.trusted(sure):
        return search.index, doubtful.nonzero()[:, 0]
    return _proposed(points, torch.float64)


class _LargestProducts:
    """The largest product of each point with another, where, and the second largest.

    The second is not followed up where it is smaller than the largest beyond rounding errors.
    """

    def __init__(self, points: Tensor, dtype: torch.dtype) -> None:
        self.points = normalized_rows(points, dtype)
        units = self.points.units
        self.error = tolerance_of(units)
        self.margin = 2 * self.error  # a cosine can be the largest if its product is this near
        self.value = units.new_full((len(units),), -torch.inf)
        self.second = self.value.clone()
        self.index = torch.arange(len(units), device=units.device)
        self.lock = Lock()

    def look(self, rows: slice) -> None:
        """Look at the products of a run of rows, for these rows and for all later ones."""
        products = self.products(rows)
        grouped = products.unflatten(1, (-1, GROUPS))
        self.offer(rows.start, rows.start, grouped, grouped.amax(dim=1))
        later = products[:, rows.stop - rows.start : len(self.index) - rows.start]
        if later.shape[1]:
            grouped = later.unflatten(0, (-1, ROW_GROUPS))
            self.offer(rows.stop, rows.start, grouped.permute(2, 0, 1), grouped.amax(dim=0).T)

    def products(self, rows: slice) -> Tensor:
        """Products with the row itself and all later ones; -inf with itself, and beyond the end."""
        later = self.points.units[rows.start :]
        width = max(2, -(-len(later) // GROUPS)) * GROUPS
        products = later.new_empty(rows.stop - rows.start, width)
        products[:, len(later) :] = -torch.inf
        torch.mm(self.points.units[rows], later.T, out=products[:, : len(later)])
        return products.fill_diagonal_(-torch.inf)

    def offer(self, start: int, others: int, products: Tensor, tops: Tensor) -> None:
        """Keep the two largest of what was known and of products [m, w, g] of rows from `start`.

        The products of a row are those with w g rows from `others`, and `tops` [m, g] the largest
        of each w. They are looked at where one is near the largest so far: few, after some runs.
        """
        known = self.value[start : start + len(tops)]
        near = (tops.amax(dim=1) >= known - self.margin).nonzero()[:, 0]
        largest, group = tops[near].topk(2, dim=1)
        members, place = products[near, :, group[:, 0]].topk(2, dim=1)
        index = others + place[:, 0] * products.shape[2] + group[:, 0]
        self.keep(start + near, members[:, 0], index, members[:, 1].maximum(largest[:, 1]))

    def keep(self, rows: Tensor, value: Tensor, index: Tensor, second: Tensor) -> None:
        """Keep the two largest of what was known of some rows and of what is new."""
        with self.lock:
            known = self.value[rows]
            second = second.maximum(known.minimum(value)).maximum(self.second[rows])
            self.value[rows], self.second[rows] = known.maximum(value), second
            better = value > known
            self.index[rows[better]] = index[better]

    def doubtful(self) -> Tensor:
        """Where another might be nearer, bool [n]."""
        return self.second >= self.value - self.margin

    def trusted(self, rows: Tensor) -> bool:
        """Whether the largest products of some rows are what float64 says."""
        errors = []
        for row in rows.split(PIECE_ROWS):
            some, own = self.points.at(row), torch.arange(len(row), device=row.device)
            cosines = cosines_of(some, self.points, own, self.index[row])
            errors.append((self.value[row] - cosines).abs())
        return not (torch.cat(errors) > self.error / 2).any()
