"""How far a point is from its own class, over how far that neighbor is from the others (SISOM)."""

from typing import NamedTuple

import torch
from torch import Tensor

from openal._checks import as_finite
from openal._threads import for_each, whole_parts
from openal.errors import ArrayError
from openal.functional._labels import as_labels
from openal.functional._rows import row_lengths, runs

__all__ = ["ClassDistances", "distance_ratio", "own_distance_ratio"]

BLOCK_ELEMENTS = 2**21  # of the products that are held at a time
GRID = 2.0**-36  # of products, so that rounding errors decide nothing between equals
LARGEST = 2.0**40  # what is nearer than that to another class is a copy but for rounding errors


def distance_ratio(points: Tensor, classes: Tensor, references: Tensor, labels: Tensor) -> Tensor:
    """d_in / d_out of each point: small inside of its class, large at its edge and far away.

    d_in is the Euclidean distance to the nearest reference of the point's own class, and d_out that
    of this reference to the nearest one of another class. Of equally near references the first is
    taken; one that has a copy in another class makes the ratio 0, and no ratio is above 2^40.

    Args:
        points: (N, d).
        classes: (N,), integers: the class of each point, such as the predicted one.
        references: (m, d), of labeled items.
        labels: (m,), integers.

    Returns:
        (N,), float64; NaN where the class has no reference, or no other class has one.

    Raises:
        ArrayError: arrays of other shapes, or not finite; the message names the argument and the
            first bad row.

    Reference: Schmidt, Schenk, Schwinn and Guennemann, "A Unified Approach Towards Active Learning
    and Out-of-Distribution Detection" (SISOM), TMLR 2025; the quotient is that of Kim, Feldt and
    Yoo, "Guiding Deep Learning System Testing Using Surprise Adequacy", ICSE 2019.

    >>> references, labels = torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([0, 0, 1])
    >>> distance_ratio(torch.tensor([[3.0], [4.5]]), torch.tensor([0, 1]), references, labels)
    tensor([0.5000, 0.1250], dtype=torch.float64)
    """
    x, z = as_finite(points, "points", ndim=2), as_finite(references, "references", ndim=2)
    owner, labels = as_labels(classes, "classes", x), as_labels(labels, "labels", z)
    if x.shape[1] != z.shape[1]:
        shapes = f"{tuple(x.shape)} and {tuple(z.shape)}"
        raise ArrayError(f"points and references must be (N, d) and (m, d), got {shapes}.")
    return ClassDistances.of(z, labels).ratios(x, owner)


def own_distance_ratio(references: Tensor, labels: Tensor) -> Tensor:
    """The `distance_ratio` of each reference itself, whose neighbors are the others of its class.

    Args:
        references: (m, d), of labeled items.
        labels: (m,), integers.

    Returns:
        (m,), float64; NaN of the only one of its class, or where no other class has a reference.

    Raises:
        ArrayError: arrays of other shapes, or not finite; the message names the argument and the
            first bad row.

    Reference: Schmidt, Schenk, Schwinn and Guennemann (SISOM), TMLR 2025, whose code takes the
    second nearest of the class, since the nearest is the item itself.

    >>> own_distance_ratio(torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([0, 0, 1]))
    tensor([0.2500, 0.2000,    nan], dtype=torch.float64)
    """
    z = as_finite(references, "references", ndim=2)
    return ClassDistances.of(z, as_labels(labels, "labels", z)).own_ratios()


class ClassDistances(NamedTuple):
    """Labeled items, and how far each of them is from the nearest of another class."""

    references: Tensor  # [m, d]
    labels: Tensor  # [m]
    to_others: Tensor  # [m] float64, NaN where there is no other class

    @classmethod
    def of(cls, references: Tensor, labels: Tensor) -> "ClassDistances":
        """Measured once, for any number of points."""
        shape = len(references)
        away = torch.full((shape,), torch.nan, dtype=torch.float64, device=references.device)
        placed = _placed(references, references)
        for label in labels.unique().tolist():
            mine, other = (labels == label).nonzero()[:, 0], (labels != label).nonzero()[:, 0]
            if len(other):
                nearest = other[_nearest(placed[mine], placed[other])]
                away[mine] = _lengths(references[mine], references[nearest])
        return cls(references, labels, away)

    def ratios(self, points: Tensor, classes: Tensor) -> Tensor:
        """Those of points [n, d] of some classes [n], as `distance_ratio` gives them."""
        return self._ratios(points, classes, apart=False)

    def own_ratios(self) -> Tensor:
        """Those of the labeled items [m], as `own_distance_ratio` gives them."""
        return self._ratios(self.references, self.labels, apart=True)

    def _ratios(self, points: Tensor, classes: Tensor, *, apart: bool) -> Tensor:
        z, labels, away = self
        ratios = torch.full((len(points),), torch.nan, dtype=torch.float64, device=points.device)
        x, placed = _placed(points, z), _placed(z, z)
        for label in labels.unique().tolist():
            mine, rows = (labels == label).nonzero()[:, 0], (classes == label).nonzero()[:, 0]
            if len(rows) == 0 or len(mine) <= apart:
                continue
            near = mine[_nearest(x[rows], placed[mine], apart=apart)]
            ratio = _lengths(points[rows], z[near]) / away[near]
            ratios[rows] = torch.where(away[near] == 0, 0.0, ratio).clamp(max=LARGEST)
        return ratios


def _lengths(points: Tensor, others: Tensor) -> Tensor:
    return row_lengths(points.double() - others.double())


def _placed(rows: Tensor, references: Tensor) -> Tensor:
    """The rows in float64, where the first reference is 0 and the largest number of all about 1."""
    if references.numel() == 0:
        return rows.double()
    largest = references.abs().amax().double()
    scale = torch.ldexp(torch.ones_like(largest), -torch.frexp(largest)[1])
    return rows.double() * scale - references[0].double() * scale


@whole_parts()
def _nearest(points: Tensor, references: Tensor, *, apart: bool = False) -> Tensor:
    """The nearest reference of each point, int64 [n]; `apart` leaves out the one in its place."""
    half = references.square().sum(dim=1) / 2
    grid = GRID * half.amax().clamp_min(2.0**-900)
    owner = torch.empty(len(points), dtype=torch.int64, device=points.device)

    def assign(rows: slice) -> None:
        far = torch.addmm(half, points[rows], references.T, alpha=-1)
        if apart:
            far[:, rows].fill_diagonal_(torch.inf)
        owner[rows] = (far / grid).round_().argmin(dim=1)

    for_each(runs(len(points), max(1, BLOCK_ELEMENTS // len(references))), assign)
    return owner
