"""E2OAL: candidates as pure as asked for, and as informative as that allows."""

from dataclasses import dataclass

from openal.informativeness import InBetween
from openal.purity import EvidenceShare
from openal.query import Chain, Paper
from openal.selection import TargetPrecision, Top

__all__ = ["E2OAL"]


@dataclass(frozen=True)
class E2OAL(Paper):
    """The most informative candidates of which a share of `precision` is expected to be known.

    Reads the classifier's `logits` and `evidence_logits` [N, K + M], for K classes and M clusters
    of the unknown. What the pool does not offer is learned on its `embeddings` by
    `EmbeddingEvidence`.

    What past rounds missed of the precision is made up for where they are told to the labeled set:
    `labeled.begin_round(query)` before the answers.

    Args:
        precision: the share of known answers aimed at, 0 to 1: more of it asks about fewer unknown
            items, and about easier ones; 0.6, as in the authors' code.

    Raises:
        ArgumentError: a `precision` outside of [0, 1].

    Differences from the authors' code: the divergences have their arguments in order; what the
    three Gaussians over the margins stand for is read off the answers under each; past misses
    cannot push the target out of [0, 1]; the network is on frozen embeddings instead of images.

    Cost: trains two heads on embeddings, and clusters those of the answers into some numbers of
    clusters; their pass over every candidate, and a mixture of three Gaussians.

    Reference: Zong, Chi, Wang, Cui and Huang, "Revisiting Unknowns: Towards Effective and Efficient
    Open-Set Active Learning" (E2OAL), arXiv 2603.07898, 2026.
    """

    cites = ("zong2026revisiting",)

    precision: float = 0.6

    def plan(self) -> Chain:
        """As many as the precision allows, then the most informative."""
        informative = InBetween()
        return Chain(
            TargetPrecision(EvidenceShare(), then=informative, precision=self.precision),
            Top(informative),
        )
