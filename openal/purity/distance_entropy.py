"""DistanceEntropy (EOAL): how evenly far an item is from the clusters of the unknown."""

from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from openal._checks import as_count
from openal.functional.entropies import distance_entropy
from openal.functional.finch import cluster_means, finch_clusters
from openal.learners import EmbeddingEntropicDetector, EntropicDetector
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["DistanceEntropy"]


@dataclass(frozen=True)
class DistanceEntropy(Part):
    """How evenly far an item is from the clusters of what was answered UNKNOWN, in [0, 1].

    0 close to one of them, 1 equally far from all: of no unknown class that was seen. With one
    cluster, or before the first UNKNOWN, all are equal, at 0. Brings EOAL's detector:
    `EmbeddingEntropicDetector` where the pool has embeddings, else `EntropicDetector`.

    Args:
        clusters: how many clusters `finch_clusters` makes of the unknown, at least 1; None: as many
            as classes, as in the authors' code.
        features: name of the signal [N, d].

    Raises:
        ArgumentError: `clusters` below 1.

    Difference from the authors' code: the centers are of the features that the items are scored
    by; there they date from before the last epoch of training.

    Reference: Safaei et al., "Entropic Open-Set Active Learning" (EOAL), AAAI 2024.
    """

    cites = ("safaei2024entropic",)

    role: ClassVar[Role] = "purity"

    clusters: int | None = None
    _: KW_ONLY
    features: str = signal("detector_features")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clusters is not None:
            as_count(self.clusters, "clusters", minimum=1)

    @property
    def learners(self) -> tuple[Any, ...]:
        """EOAL's detector."""
        return EntropicDetector(), EmbeddingEntropicDetector()

    def __call__(self, view: View) -> Tensor:
        """Purity [n] in [0, 1]."""
        if len(view.invalid) == 0:
            return torch.zeros(len(view.pool), dtype=torch.float32, device="cpu")
        return view.once(self, self._entropy)

    def _entropy(self, view: View) -> Tensor:
        points = view.invalid[self.features]
        points = points if points.dtype == torch.float64 else points.float()
        centers = cluster_means(points, finch_clusters(points, self.clusters or view.num_classes))
        return view.map(partial(distance_entropy, centers=centers), self.features)
