"""Groups of candidates that are first neighbours of each other."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from openal.checks import as_count
from openal.functional.finch import finch
from openal.view import View, reads

__all__ = ["Clusters"]


@dataclass(frozen=True)
class Clusters:
    """Groups: the clusters of the candidates' features by `finch`.

    The finest partition, or with `limit` the finest that has no more clusters than that: the
    coarsest is one cluster of all, so there always is one. Clusters are numbered by their lowest
    index, and do not depend on the order of the candidates.

    Needs the features of all candidates at once, N x d numbers; N x N are never held.

    Reference: Sarfraz et al., "Efficient Parameter-Free Clustering Using First Neighbor
    Relations" (FINCH), CVPR 2019; for the limit, Safaei et al., "Entropic Open-Set Active
    Learning" (EOAL), AAAI 2024, whose code fails where each partition it has is too fine.
    """

    limit: int | None = None
    features: str = reads("detector_features")

    def __post_init__(self) -> None:
        if self.limit is not None:
            as_count(self.limit, "limit", minimum=1)

    def at_most(self, limit: int) -> "Clusters":
        """The same groups, but no more than `limit`, nor than the limit so far."""
        return replace(self, limit=limit if self.limit is None else min(limit, self.limit))

    def __call__(self, view: View) -> Tensor:
        """The clusters, int64 [n]."""
        order = torch.from_numpy(view.pool.indices.argsort())
        features = view.pool[self.features]
        partitions = finch(features[order.to(features.device)])
        sizes = partitions.amax(dim=0) + 1 if len(partitions) else partitions.new_ones(1)
        few = sizes <= (self.limit or len(partitions))
        chosen = partitions[:, int(few.byte().argmax())]
        return torch.empty_like(chosen).scatter_(0, order.to(chosen.device), chosen)
