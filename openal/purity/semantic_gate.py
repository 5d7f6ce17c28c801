"""Does it resemble any labeled item as much as the pool's best do?"""

from dataclasses import dataclass

import torch
from torch import Tensor

from openal.checks import as_number
from openal.functional.unit_range import unit_range
from openal.purity.nearest_known import NearestKnown
from openal.view import View, reads

__all__ = ["SemanticGate"]


@dataclass(frozen=True)
class SemanticGate:
    """The largest cosine with a known item, scaled to 0..1 over the candidates, through a gate.

    The gate is tanh(k (s - threshold) / 2): with the paper's k = 100 it is 1 above the threshold
    and -1 below but for a narrow passage. The most similar candidate has s = 1 and the least
    similar s = 0; where all are equally similar, s is 0. Without a known answer the order is
    random.

    Reference: Du et al., "Contrastive Coding for Active Learning under Class Distribution
    Mismatch", ICCV 2021 (CCAL): the semantic score.
    """

    k: float = 100.0
    threshold: float = 0.9
    embeddings: str = reads("embeddings")

    def __post_init__(self) -> None:
        as_number(self.k, "k", above=0)
        as_number(self.threshold, "threshold")

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [-1, 1]; below -1 without a known answer."""
        if len(view.known) == 0:
            return view.random(torch.float32).double() - 2
        similarity = NearestKnown(self.embeddings)(view).double()
        return 2 / (1 + (self.k * (self.threshold - unit_range(similarity))).exp()) - 1
