"""NEAT: known by its neighbors, informative where the classifier disagrees with them."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import Literal

from openal.informativeness import Inconsistency, Uniform
from openal.parts import as_stage
from openal.purity import KnownNeighbors
from openal.query import Chain, Paper, QueryStrategy
from openal.selection import Filter, NearestClass, Top, TopPerGroup
from openal.step import Stage
from openal.view import Score

__all__ = ["NEAT", "NEATPassive"]


@dataclass(frozen=True)
class NEAT(Paper):
    """Candidates with mostly known neighbors; of these, where the classifier contradicts them.

    Trains nothing. Accuracy may end below Random's: the candidates with the most known neighbors
    resemble the answers. Equal numbers of them are in random order, by the query's seed.

    Args:
        k: how many answered items are neighbors, at least 1; 10, as in the paper.
        rule: "majority" keeps candidates with more known than unknown neighbors, of these the
            `factor` times budget with the most, and ranks by inconsistency (eq. 5): the authors'
            code, which made the published figures. "all" is the paper's text: all k neighbors are
            known, and all such candidates are ranked. "count" narrows by the number of known
            neighbors alone.
        factor: how many times the budget goes on to the inconsistency, at least 1; 2, as in the
            code.
        tie_break: how equal numbers of known neighbors are ordered: "random", or "nearest", which
            before the first UNKNOWN goes by the distance: a purer first query, of less variety.
        embeddings: name of the signal [N, D], of a frozen encoder.
        logits: name of the signal [N, K].
        probes: that of `KnownNeighbors`, for very many answers; None: exact neighbors.
        balanced: whether both stages keep as many for each class, by the nearest known answer; an
            option of ours, since the rarest class gets few answers without.
        then: a stage or a strategy in place of the inconsistency.

    Raises:
        ArgumentError: `k`, `factor` or `probes` below 1, a `then` that is no stage.

    Differences from the authors' code: equal numbers of known neighbors are drawn by the query's
    seed instead of left in the order of a shuffled loader; where too few candidates pass, the next
    best fill up, and the budget is spent; embeddings are of unaugmented images, in single
    precision; answered unknowns leave the pool and stay neighbors; k is at most the number of
    answers.

    Cost: nothing is trained; exact neighbors among the answers for every candidate, and the
    classifier's pass over the `factor` times budget that are left.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation",
    AAAI 2024.
    """

    cites = ("mao2024inconsistency",)

    k: int = 10
    _: KW_ONLY
    rule: Literal["majority", "all", "count"] = "majority"
    factor: float = 2.0
    tie_break: Literal["random", "nearest"] = "random"
    embeddings: str = "embeddings"
    logits: str = "logits"
    probes: int | None = None
    balanced: bool = False
    then: Stage | QueryStrategy | None = None

    def plan(self) -> Chain:
        """Known neighbors, then inconsistency."""
        known = KnownNeighbors(
            self.k, tie_break=self.tie_break, embeddings=self.embeddings, probes=self.probes
        )
        every = replace(known, rule="all")
        narrowings: dict[str, tuple[Stage, ...]] = {
            "majority": (Filter(known), self._best(known, self.factor)),
            "all": (Filter(every),),
            "count": (self._best(known, self.factor),),
        }
        disagreement = Inconsistency(
            self.k, embeddings=self.embeddings, logits=self.logits, probes=self.probes
        )
        last = self._best(disagreement) if self.then is None else as_stage(self.then, "then")
        return Chain(*narrowings[self.rule], last)

    def _best(self, score: Score, factor: float = 1.0) -> Stage:
        if self.balanced:
            return TopPerGroup(score, groups=NearestClass(self.embeddings), factor=factor)
        return Top(score, factor=factor)


@dataclass(frozen=True)
class NEATPassive(Paper):
    """A random draw among candidates whose neighbors are all known: NEAT without inconsistency.

    Accuracy may end below Random's: nothing here asks what an answer would teach.

    Args:
        k: how many answered items are neighbors, at least 1; 10, as in the paper.
        rule: "all" draws at random among the candidates whose k neighbors are all known, as in the
            paper; "count" takes those with the most known neighbors, the authors' code.
        embeddings: name of the signal [N, D], of a frozen encoder.

    Raises:
        ArgumentError: `k` below 1.

    Differences: where too few candidates pass, the next best fill up; equal numbers of known
    neighbors are drawn by the query's seed instead of left in the order of a shuffled loader.

    Cost: nothing is trained; exact neighbors among the answers for every candidate.

    Reference: Mao, Xu and Guo, "Inconsistency-Based Data-Centric Active Open-Set Annotation",
    AAAI 2024.
    """

    cites = ("mao2024inconsistency",)

    k: int = 10
    _: KW_ONLY
    rule: Literal["all", "count"] = "all"
    embeddings: str = "embeddings"

    def plan(self) -> Chain:
        """Known neighbors, then a random draw."""
        known = KnownNeighbors(self.k, rule=self.rule, embeddings=self.embeddings)
        if self.rule == "count":
            return Chain(Top(known))
        return Chain(Filter(known), Top(Uniform()))
