"""The seeding of k-means++ (Arthur and Vassilvitskii, SODA 2007), by rejection."""

from collections.abc import Callable
from typing import NamedTuple, final

import torch
from torch import Tensor

from openal._checks import as_count, as_tensor
from openal._threads import one_thread
from openal.functional._rows import largest_size, row_sums

__all__ = ["Factors", "draw_far_rows", "factors", "kmeans_pp", "scale_of", "squared_distances"]

RELATIVE_ERROR = 1e-12  # of the squared lengths: smaller squared distances are rounding errors
PROPOSALS = 512  # rows that are looked at together
BLOCK_ELEMENTS = 2**19  # of the factors that are held at a time
LEAST_SIZE = 1e-300  # that values are scaled by: its inverse is a number, and zeros stay zeros


class Factors(NamedTuple):
    """Rows that are outer products left x right, without the products; all float64."""

    left: Tensor  # [n, K]
    right: Tensor  # [n, d]
    squares: Tensor  # [n] squared lengths of the products


def factors(left: Tensor, right: Tensor) -> Factors:
    """The factors of rows [n, K] and [n, d], float64."""
    return Factors(left, right, row_sums(left.square()) * row_sums(right.square()))


def squared_distances(rows: Factors, others: Factors) -> Tensor:
    """Squared distances [n, m] between outer products: the products never exist.

    |a|^2 + |b|^2 - 2 (left_a . left_b)(right_a . right_b). Below 1e-12 of the squared lengths they
    are 0: float64 tells no less, and a row is at 0 from its copy.
    """
    both = rows.squares[:, None] + others.squares
    squares = both - 2 * (rows.left @ others.left.T) * (rows.right @ others.right.T)
    return torch.where(squares > RELATIVE_ERROR * both, squares, 0.0)


def kmeans_pp(points: Tensor, budget: int, generator: torch.Generator) -> Tensor:
    """Rows drawn far from those drawn before: the longest, then by squared distance.

    The first is the row of largest length (ties to the lowest); then each is drawn with probability
    proportional to the squared distance to the nearest row before it, and uniformly where all that
    remain are copies of these.

    Args:
        points: (N, D).
        budget: how many rows to draw, at least 0; at most N are.
        generator: what is drawn from; it advances.

    Returns:
        (min(budget, N),), int64, rows in the order of drawing, each once.

    Raises:
        ArrayError: points that are not (N, D), or not finite; the message names the first bad row.
        ArgumentError: a `budget` that is no integer of at least 0.

    Reference: Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA 2007,
    whose first row is uniform; this is how BADGE begins (Ash et al., ICLR 2020).
    """
    points = as_tensor(points, "points")
    scale = scale_of(points, "points")

    def at(rows: Tensor) -> Factors:
        right = points[rows].double() * scale
        return factors(right.new_ones(len(right), 1), right)

    return draw_far_rows(at, len(points), budget, generator, points.device, points.shape[1])


def draw_far_rows(
    at: Callable[[Tensor], Factors],
    size: int,
    budget: int,
    generator: torch.Generator,
    device: torch.device,
    width: int,
) -> Tensor:
    """Rows (budget,) of 0..size-1 drawn as `kmeans_pp` draws; `at` gives the factors of some."""
    budget = min(as_count(budget, "budget"), size)
    if budget == 0:
        return torch.empty(0, dtype=torch.int64, device=device)
    with one_thread():
        draws = _Draws(at, size, generator, device, max(1, BLOCK_ELEMENTS // width))
        while len(draws.chosen) < budget:
            draws.draw(budget - len(draws.chosen))
    return torch.tensor(draws.chosen, device=device)


def scale_of(values: Tensor, argument: str) -> float:
    """What brings the largest value to 1, so that squares fit; refuses a NaN or an infinity."""
    return 1 / max(largest_size(values, argument), LEAST_SIZE)


@final
class _Draws:
    """What is drawn so far, and bounds of how far every row is from it.

    A row is proposed with probability proportional to its bound, and accepted with probability
    distance / bound: so it is drawn in proportion to its distance, though few distances are
    computed. Where too few are accepted, all bounds are made distances again.
    """

    def __init__(
        self,
        at: Callable[[Tensor], Factors],
        size: int,
        generator: torch.Generator,
        device: torch.device,
        block: int,
    ) -> None:
        self.at, self.generator, self.block = at, generator, block
        self.rows = torch.arange(size, device=device)
        squares = torch.cat([at(some).squares for some in self.rows.split(block)])
        self.chosen = [int(squares.argmax())]
        self.bound = torch.full_like(squares, torch.inf)  # squared distances, or more
        self.seen = 0  # how many of the chosen all bounds know
        self._tighten()

    def draw(self, wanted: int) -> None:
        """At most as many more rows as are wanted."""
        if not self.bound.any():
            self._uniform(wanted)
            return
        proposed = self._propose(min(PROPOSALS, 2 * wanted))
        accepted = self._accept(proposed, wanted)
        if 4 * accepted < len(proposed) and accepted < wanted:
            self._tighten()

    def _propose(self, count: int) -> Tensor:
        total = self.bound.cumsum(dim=0)
        drawn = self._random(count).to(total.device) * total[-1]
        rows = torch.searchsorted(total, drawn, right=True)
        return rows.clamp_max(int(self.bound.nonzero()[-1, 0]))

    def _accept(self, proposed: Tensor, wanted: int) -> int:
        """Chooses among the proposed in their order; gives how many."""
        rows, before = self.at(proposed), len(self.chosen)
        nearest = self._nearest(rows, self.bound[proposed]).cpu()
        threshold = self._random(len(proposed)) * self.bound[proposed].cpu()
        apart = squared_distances(rows, rows).cpu()
        for place, row in enumerate(proposed.tolist()):
            if len(self.chosen) < before + wanted and threshold[place] < nearest[place]:
                self.chosen.append(row)
                nearest = torch.minimum(nearest, apart[place])
        self.bound[proposed] = nearest.to(self.bound.device)
        return len(self.chosen) - before

    def _nearest(self, rows: Factors, known: Tensor) -> Tensor:
        new = self.chosen[self.seen :]
        if not new:
            return known
        squares = squared_distances(rows, self.at(torch.tensor(new, device=known.device)))
        return torch.minimum(known, squares.amin(dim=1))

    def _tighten(self) -> None:
        for rows in self.rows.split(self.block):
            self.bound[rows] = self._nearest(self.at(rows), self.bound[rows])
        self.bound[self.chosen] = 0
        self.seen = len(self.chosen)

    def _uniform(self, wanted: int) -> None:
        left = torch.ones(len(self.rows), dtype=torch.bool, device="cpu")
        left[self.chosen] = False
        rows = left.nonzero()[:, 0]
        drawn = self._random(len(rows)).argsort(stable=True)[:wanted]
        self.chosen += rows[drawn].tolist()

    def _random(self, count: int) -> Tensor:
        device, kind = self.generator.device, torch.float64
        return torch.rand(count, generator=self.generator, dtype=kind, device=device).cpu()
