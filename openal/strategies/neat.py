"""NEAT: known by its neighbors, informative where the classifier disagrees with them."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import Literal

from openal.informativeness import Inconsistency
from openal.parts import as_stage
from openal.purity import KnownNeighbors
from openal.query import Chain, Paper, QueryStrategy
from openal.selection import Filter, Top
from openal.step import Stage

__all__ = ["NEAT", "NEATPassive"]


@dataclass(frozen=True)
class NEAT(Paper):
    """Candidates with mostly known neighbors; of these, where the classifier contradicts them.

    Trains nothing. Accuracy may end below Random's: the candidates with the most known neighbors
    are those that resemble the answers most.

    Args:
        k: how many answered items are neighbors, at least 1; 10, as in the paper.
        rule: "majority" keeps candidates with more known than unknown neighbors, of these the
            `factor` times budget with the most, and ranks by inconsistency (eq. 5): the authors'
            code, which made the published figures. "all" is the paper's text: all k neighbors are
            known, and all such candidates are ranked. "count" narrows by the number of known
            neighbors alone.
        factor: how many times the budget goes on to the inconsistency, at least 1; 2, as in the
            code.
        embeddings: name of the signal [N, D], of a frozen encoder.
        logits: name of the signal [N, K].
        probes: that of `KnownNeighbors`, for very many answers; None: exact neighbors.
        then: a stage or a strategy in place of the inconsistency.

    Raises:
        ArgumentError: `k`, `factor` or `probes` below 1, a `then` that is no stage.

    Differences from the authors' code: ties in the number of known neighbors go to the nearer
    candidate instead of the loader's order, so the first round, before any UNKNOWN, prefers what
    resembles the known; where too few candidates pass, the next best fill up, and the budget is
    spent; embeddings are of unaugmented images, in single precision; answered unknowns leave the
    pool and stay neighbors; k is at most the number of answers.

    Cost: nothing is trained; exact neighbors among the answers for every candidate, and the
    classifier's pass over the `factor` times budget that are left.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation",
    AAAI 2024.
    """

    k: int = 10
    _: KW_ONLY
    rule: Literal["majority", "all", "count"] = "majority"
    factor: float = 2.0
    embeddings: str = "embeddings"
    logits: str = "logits"
    probes: int | None = None
    then: Stage | QueryStrategy | None = None

    def plan(self) -> Chain:
        """Known neighbors, then inconsistency."""
        known = KnownNeighbors(self.k, embeddings=self.embeddings, probes=self.probes)
        every = replace(known, rule="all")
        narrowings: dict[str, tuple[Stage, ...]] = {
            "majority": (Filter(known), Top(known, factor=self.factor)),
            "all": (Filter(every),),
            "count": (Top(known, factor=self.factor),),
        }
        disagreement = Inconsistency(
            self.k, embeddings=self.embeddings, logits=self.logits, probes=self.probes
        )
        last = Top(disagreement) if self.then is None else as_stage(self.then, "then")
        return Chain(*narrowings[self.rule], last)


@dataclass(frozen=True)
class NEATPassive(Paper):
    """The candidates with the most known neighbors: NEAT's ablation without inconsistency.

    Accuracy may end below Random's: nothing here asks what an answer would teach.

    Args:
        k: how many answered items are neighbors, at least 1; 10, as in the paper.
        embeddings: name of the signal [N, D], of a frozen encoder.

    Raises:
        ArgumentError: `k` below 1.

    Differences: the paper draws at random among those whose neighbors are all known; the authors'
    code takes the most known neighbors first, as here.

    Cost: nothing is trained; exact neighbors among the answers for every candidate.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation",
    AAAI 2024.
    """

    k: int = 10
    _: KW_ONLY
    embeddings: str = "embeddings"

    def plan(self) -> Chain:
        """The most known neighbors."""
        return Chain(Top(KnownNeighbors(self.k, embeddings=self.embeddings)))
