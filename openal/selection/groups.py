"""PredictedClass, NearestClass (CCAL), Clusters (EOAL), RandomGroups (OpenPath): groups."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from openal._answered_neighbors import known_neighbors
from openal._checks import as_count
from openal.functional.finch import finch
from openal.learners import EmbeddingEntropicDetector, EntropicDetector
from openal.parts import Part, signal
from openal.view import View

__all__ = ["Clusters", "NearestClass", "PredictedClass", "RandomGroups"]


@dataclass(frozen=True)
class Clusters(Part):
    """Groups: the clusters of the candidates' features by `finch`.

    Clusters are numbered by their lowest index, and do not depend on the order of the candidates.
    Needs the features of all candidates at once, N x d numbers; N x N are never held. Brings
    EOAL's detector: `EmbeddingEntropicDetector` where the pool has embeddings, else
    `EntropicDetector`.

    Args:
        limit: takes the finest partition of no more clusters than that, at least 1; the coarsest is
            one cluster of all, so there always is one. None: the finest of all.
        features: name of the signal [N, d].

    Raises:
        ArgumentError: a `limit` below 1.

    Reference: Sarfraz et al., "Efficient Parameter-Free Clustering Using First Neighbor
    Relations" (FINCH), CVPR 2019; for the limit, Safaei et al., "Entropic Open-Set Active
    Learning" (EOAL), AAAI 2024, whose code fails where each partition it has is too fine.
    """

    cites = ("sarfraz2019efficient",)

    limit: int | None = None
    _: KW_ONLY
    features: str = signal("detector_features")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.limit is not None:
            as_count(self.limit, "limit", minimum=1)

    def at_most(self, limit: int) -> "Clusters":
        """The same groups, but no more than `limit`, nor than the limit so far."""
        return replace(self, limit=limit if self.limit is None else min(limit, self.limit))

    @property
    def learners(self) -> tuple[Any, ...]:
        """EOAL's detector."""
        return EntropicDetector(), EmbeddingEntropicDetector()

    def __call__(self, view: View) -> Tensor:
        """The clusters, int64 [n]."""
        order = torch.from_numpy(view.pool.indices.argsort())
        features = view.pool[self.features]
        partitions = finch(features[order.to(features.device)])
        sizes = partitions.amax(dim=0) + 1 if len(partitions) else partitions.new_ones(1)
        few = sizes <= (self.limit or len(partitions))
        chosen = partitions[:, int(few.byte().argmax())]
        return torch.empty_like(chosen).scatter_(0, order.to(chosen.device), chosen)


@dataclass(frozen=True)
class NearestClass(Part):
    """Groups: the class of the nearest item of a known class (cosine); before any, class 0.

    Items answered UNKNOWN have no class. Of equally near items the lowest index counts.

    Args:
        embeddings: name of the signal [N, D].
    """

    embeddings: str = signal("embeddings")

    def __call__(self, view: View) -> Tensor:
        """The classes, int64 [n]."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool), dtype=torch.int64, device="cpu")
        return known_neighbors(view, 1, self.embeddings)[0][:, 0]


@dataclass(frozen=True)
class PredictedClass(Part):
    """Groups: the class with the largest logit; equal logits count for the lowest class.

    Args:
        logits: name of the signal [N, K].
    """

    logits: str = signal("logits")

    def __call__(self, view: View) -> Tensor:
        """The predicted classes, int64 [n]."""
        return view.map(_largest, self.logits)


@dataclass(frozen=True)
class RandomGroups(Part):
    """Groups: the candidates, dealt out at random; their sizes differ by one at most.

    The best of each group are spread over the candidates, where the best of all may be alike: a
    draw that a score guides.

    Args:
        count: how many groups, at least 1.

    Raises:
        ArgumentError: a `count` below 1.

    Reference: the batches of Zhong et al., OpenPath, MICCAI 2025.
    """

    cites = ("zhong2025openpath",)

    count: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        as_count(self.count, "count", minimum=1)

    def at_most(self, limit: int) -> "RandomGroups":
        """No more groups than `limit`."""
        return RandomGroups(min(self.count, limit))

    def __call__(self, view: View) -> Tensor:
        """The groups, int64 [n]."""
        return view.random().argsort().argsort() % self.count


def _largest(logits: Tensor) -> Tensor:
    return logits.argmax(dim=1)
