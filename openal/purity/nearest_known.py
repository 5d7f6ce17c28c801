"""NearestKnown (MQ-Net), SemanticGate (CCAL): the largest cosine with an item of a known class."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import torch
from torch import Tensor

from openal._answered_neighbors import known_neighbors
from openal._checks import as_number
from openal.functional.scaling import unit_range
from openal.parts import Part, Role, signal
from openal.view import View

__all__ = ["NearestKnown", "SemanticGate"]


@dataclass(frozen=True)
class NearestKnown(Part):
    """The largest cosine with an item that was answered with a class, in [-1, 1].

    Items answered UNKNOWN say nothing. Before any known answer all candidates score 0, and those
    that no stage has ordered stand in random order.

    Args:
        embeddings: name of the signal [N, D].

    Reference: Park et al., "Meta-Query-Net: Resolving Purity-Informativeness Dilemma in Open-set
    Active Learning", NeurIPS 2022: the purity, without the norm that CSI multiplies by.
    """

    cites = ("park2022meta",)

    role: ClassVar[Role] = "purity"

    embeddings: str = signal("embeddings")

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64."""
        if len(view.known) == 0:
            return torch.zeros(len(view.pool), dtype=torch.float64, device="cpu")
        return known_neighbors(view, 1, self.embeddings)[1][:, 0]


@dataclass(frozen=True)
class SemanticGate(Part):
    """The largest cosine with a known item, scaled to 0..1 over the candidates, through a gate.

    The gate is tanh(k (s - threshold) / 2): with k = 100 it is close to 1 above the threshold and
    to -1 below. The most similar candidate has s = 1 and the least similar s = 0; where all are
    equally similar, s is 0. Without a known answer the order is random.

    Args:
        k: how steep the gate is, above 0; 100, as in the authors' code.
        threshold: where the gate opens, a scaled cosine; 0.9, as in the authors' code.
        embeddings: name of the signal [N, D].

    Raises:
        ArgumentError: a `k` that is not above 0, a `threshold` that is no finite number.

    Reference: Du et al., "Contrastive Coding for Active Learning under Class Distribution
    Mismatch", ICCV 2021 (CCAL): the semantic score.
    """

    cites = ("du2021contrastive",)

    role: ClassVar[Role] = "purity"

    k: float = 100.0
    _: KW_ONLY
    threshold: float = 0.9
    embeddings: str = signal("embeddings")

    def __post_init__(self) -> None:
        super().__post_init__()
        as_number(self.k, "k", above=0)
        as_number(self.threshold, "threshold")

    def __call__(self, view: View) -> Tensor:
        """Purity [n], float64 in [-1, 1]; below -1 without a known answer."""
        if len(view.known) == 0:
            return view.unordered(-2.0)
        similarity = NearestKnown(self.embeddings)(view).double()
        return 2 / (1 + (self.k * (self.threshold - unit_range(similarity))).exp()) - 1
