"""Is an item nearer to the labeled known than to any kind of labeled unknown?"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from openal.checks import as_count, as_number
from openal.functional.k_means import k_means
from openal.functional.mahalanobis import Gaussian, Standard, gaussian, standard
from openal.functional.unit_range import unit_range
from openal.view import View, reads

__all__ = ["MahalanobisPurity"]


@dataclass(frozen=True)
class MahalanobisPurity:
    """The distance to the nearest kind of labeled unknown, less that to the labeled known.

    Distances are squared Mahalanobis distances between unit embeddings, standardized on all
    answers, and each is brought to [0, 1] over the candidates. The known are one Gaussian; the
    unknown are one for each cluster of k-means, at most `clusters`, whose seed is fixed. Before the
    first UNKNOWN the distance to the known decides alone; before the first known answer all
    candidates score 0.

    Covariances shrink towards the identity as if `prior` more answers had been seen (None: as
    many as dimensions). The authors' are singular, and inverted by a pseudo-inverse.

    Reference: Qu et al., "OpenAL: An Efficient Deep Active Learning Framework for Open-Set
    Pathology Image Classification", MICCAI 2023.
    """

    clusters: int = 9
    prior: float | None = None
    embeddings: str = reads("embeddings")

    def __post_init__(self) -> None:
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
            gaussians += self._kinds(scale(unknown))
        nearest = partial(_nearest, standard=scale, gaussians=tuple(gaussians))
        to_known, to_unknown = view.map(nearest, self.embeddings).double().unbind(dim=1)
        return unit_range(to_unknown) - unit_range(to_known)

    def _kinds(self, unknown: Tensor) -> list[Gaussian]:
        kind = k_means(unknown, self.clusters).labels
        return [gaussian(unknown[kind == each], prior=self.prior) for each in kind.unique()]


def _nearest(rows: Tensor, standard: Standard, gaussians: tuple[Gaussian, ...]) -> Tensor:
    """The distances [n, 2] to the known, and to the nearest unknown; 0 where there is none."""
    points = standard(rows)
    known, *unknown = (each.distances(points) for each in gaussians)
    nearest = torch.stack(unknown).amin(dim=0) if unknown else torch.zeros_like(known)
    return torch.stack([known, nearest], dim=1)
