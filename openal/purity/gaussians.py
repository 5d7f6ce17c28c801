"""MahalanobisPurity (OpenPathology), ClassGaussians (POAL): distances to Gaussians of answers."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from openal._checks import as_count, as_number
from openal.functional._rows import row_sums
from openal.functional.k_means import k_means
from openal.functional.mahalanobis import Gaussian, Standard, gaussian, standard
from openal.functional.scaling import unit_range
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["ClassGaussians", "MahalanobisPurity"]


@dataclass(frozen=True)
class MahalanobisPurity(Part):
    """The distance to the nearest cluster of the labeled unknown, less that to the labeled known.

    Distances are squared Mahalanobis distances between unit embeddings, standardized on all
    answers, and each is brought to [0, 1] over the candidates. The known are one Gaussian, the
    unknown one for each cluster of k-means, whose seed is fixed. Before the first UNKNOWN the
    distance to the known decides alone; before the first known answer all candidates score 0, and
    those that no stage has ordered stand in random order.

    Args:
        clusters: how many clusters of the unknown there are at most, at least 1; 9, as in the
            authors' code.
        prior: how many answers the identity counts for, towards which covariances shrink, above 0;
            None: as many as dimensions, ours. The authors' covariances are singular, and inverted
            by a pseudo-inverse.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: `clusters` below 1, a `prior` that is not above 0.

    Reference: Qu et al., "OpenAL: An Efficient Deep Active Learning Framework for Open-Set
    Pathology Image Classification", MICCAI 2023.
    """

    cites = ("qu2023openal",)

    role: ClassVar[Role] = "purity"

    clusters: int = 9
    _: KW_ONLY
    prior: float | None = None
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_count(self.clusters, "clusters", minimum=1)
        if self.prior is not None:
            as_number(self.prior, "prior", above=0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [-1, 1]."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool), dtype=torch.float64, device="cpu")
        known, unknown = view.known[self.embeddings], None
        answered = known
        if len(view.invalid):
            unknown = view.invalid[self.embeddings]
            answered = torch.cat([known, unknown])
        scale = standard(answered)
        gaussians = [gaussian(scale(known), prior=self.prior)]
        if unknown is not None:
            gaussians += self._of_clusters(scale(unknown))
        nearest = partial(_nearest, standard=scale, gaussians=tuple(gaussians))
        to_known, to_unknown = view.map(nearest, self.embeddings).double().unbind(dim=1)
        return unit_range(to_unknown) - unit_range(to_known)

    def _of_clusters(self, unknown: Tensor) -> list[Gaussian]:
        labels = k_means(unknown, self.clusters).labels
        members = (unknown[labels == cluster] for cluster in labels.unique())
        return [gaussian(points, prior=self.prior) for points in members]


def _nearest(rows: Tensor, standard: Standard, gaussians: tuple[Gaussian, ...]) -> Tensor:
    """The distances [n, 2] to the known, and to the nearest unknown; 0 where there is none."""
    points = standard(rows)
    known, *unknown = (fitted.distances(points) for fitted in gaussians)
    nearest = torch.stack(unknown).amin(dim=0) if unknown else torch.zeros_like(known)
    return torch.stack([known, nearest], dim=1)


@dataclass(frozen=True)
class ClassGaussians(Part):
    """Minus the squared Mahalanobis distance to the nearest class of the labeled known.

    Each class is a Gaussian with a mean of its own and the covariance that all classes share, as
    estimated from the known answers. Features are unit vectors, standardized on the known answers.
    A class without answers has no Gaussian; before the first known answer all candidates score 0,
    and those that no stage has ordered stand in random order.

    Args:
        prior: how many answers the identity counts for, towards which the covariance shrinks,
            above 0; None: as many as dimensions, ours.
        features: name of the signal [N, d].

    Raises:
        ArgumentError: a `prior` that is not above 0.

    Reference: Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples
    and Adversarial Attacks", NeurIPS 2018; the purity of POAL (Zhan et al., TMLR 2023).
    """

    cites = ("lee2018simple",)

    role: ClassVar[Role] = "purity"

    prior: float | None = None
    _: KW_ONLY
    features: str = signal("features")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prior is not None:
            as_number(self.prior, "prior", above=0)

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float32, at most 0."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool), dtype=torch.float32, device="cpu")
        rows = view.known[self.features]
        scale = standard(rows)
        classes = class_gaussians(scale(rows), view.labels.to(rows.device), self.prior)
        return -view.map(partial(_nearest_class, standard=scale, classes=classes), self.features)


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


def _nearest_class(rows: Tensor, standard: Standard, classes: Classes) -> Tensor:
    # Rounded to single precision: the last bits of a product depend on the size of its block.
    return classes.distances(standard(rows)).amin(dim=1).float()
