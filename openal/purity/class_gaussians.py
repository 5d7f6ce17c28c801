"""How near is an item to the nearest class, in units of the classes' own spread?"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from openal.checks import as_number
from openal.functional.mahalanobis import Standard, gaussian, standard
from openal.functional.rows import row_sums
from openal.view import View, reads

__all__ = ["ClassGaussians"]


@dataclass(frozen=True)
class ClassGaussians:
    """Minus the squared Mahalanobis distance to the nearest class of the labeled known.

    Each class is a Gaussian with a mean of its own and the covariance that all classes share, as
    estimated from the known answers; it shrinks towards the identity as if `prior` more answers
    had been seen (None: as many as dimensions). Features are unit vectors, standardized on the
    known answers. A class without answers has no Gaussian; before the first known answer all
    candidates score 0.

    Reference: Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples
    and Adversarial Attacks", NeurIPS 2018; the purity of POAL (Zhan et al., TMLR 2023).
    """

    prior: float | None = None
    features: str = reads("features")

    def __post_init__(self) -> None:
        if self.prior is not None:
            as_number(self.prior, "prior", above=0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float32, at most 0."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool), dtype=torch.float32, device="cpu")
        rows = view.known[self.features]
        scale = standard(rows)
        classes = class_gaussians(scale(rows), view.labels.to(rows.device), self.prior)
        return -view.map(partial(_nearest, standard=scale, classes=classes), self.features)


class Classes(NamedTuple):
    """The inverse covariance that all classes share, and the mean of each."""

    inverse: Tensor  # [D, D]
    means: Tensor  # [C, D]

    def distances(self, points: Tensor) -> Tensor:
        """The squared Mahalanobis distances [n, C] of points [n, D], float64."""
        inverse, means = self.inverse.to(points.device), self.means.to(points.device)
        turned = points @ inverse
        own = row_sums(turned * points)[:, None]
        return (own - 2 * turned @ means.T + row_sums(means @ inverse * means)).clamp(min=0)


def class_gaussians(points: Tensor, labels: Tensor, prior: float | None) -> Classes:
    """The classes of points [m, D], float64, with labels [m]."""
    present, owner = labels.unique(return_inverse=True)
    means = points.new_zeros(len(present), points.shape[1]).index_add_(0, owner, points)
    means = means / owner.bincount()[:, None]
    spread = gaussian(points - means[owner], prior=prior)
    identity = torch.eye(points.shape[1], dtype=points.dtype, device=points.device)
    return Classes(spread.precision * (identity - spread.axes.T @ spread.axes), means)


def _nearest(rows: Tensor, standard: Standard, classes: Classes) -> Tensor:
    # Rounded to single precision: the last bits of a product depend on the size of its block.
    return classes.distances(standard(rows)).amin(dim=1).float()
