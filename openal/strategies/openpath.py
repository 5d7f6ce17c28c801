"""OpenPath: texts of classes and of other things for the first query, prototypes from then on."""

from dataclasses import KW_ONLY, dataclass, field

from torch import Tensor

from openal._checks import as_count
from openal.informativeness import Entropy
from openal.learners import EmbeddingClassifier, Prompts
from openal.purity import PromptMargin, PrototypePurity
from openal.query import Chain, Paper
from openal.selection import (
    Directions,
    Filter,
    KMeansCenters,
    RandomGroups,
    TopPerGroup,
    TopShare,
    UntilKnown,
)
from openal.strategies._texts import prompts_of

__all__ = ["OpenPath"]


@dataclass(frozen=True)
class OpenPath(Paper):
    """First what texts call known, one of each cluster; then near prototypes, by entropy in groups.

    Until an item of a known class is answered: candidates whose likeliest text is one of a class,
    and of these those nearest to the k-means centers of the `embeddings`. From then on: the `share`
    of the candidates that is nearest to the mean features of a class, dealt out at random into
    `groups`, and of each group the largest entropies.

    Reads the task network's `features` and `logits`; where neither the pool nor `model=` offers
    them, `EmbeddingClassifier` is fitted to the answers' `embeddings`.

    Args:
        texts: (classes [K, D], others [M, D]), text embeddings of the classes and of other things
            that the pool may hold, in the space of the embeddings; None: the pool offers
            `prompt_logits` itself.
        share: the share of the candidates that are near enough, above 0, at most 1; 0.25, as in the
            paper.
        groups: into how many groups they are dealt, at least 1; 10, as in the paper.
        embeddings: name of the signal [N, D], of the image-text model.
        features: name of the signal [N, d], the classifier's penultimate layer.
        logits: name of the signal [N, K].

    Raises:
        ArgumentError: `texts` that are no pair, a `share` or `groups` beyond its limits.
        ArrayError: texts that are not [K, D] and [M, D], not finite, or none.

    Differences: the paper at second hand, see docs/paper-and-code.md. The released code computes an
    entropy and does not use it: it asks those nearest to k-means centers in every query. Groups
    give what is missing to the budget, which need not be a multiple of their number; a class
    without an answer has no prototype, instead of NaN; the classifier is not trained once more on
    its own predictions.

    Cost: trains a classifier where none is given; in the first query k-means of what the texts call
    known with as many clusters as the budget; later a cosine with every class, and the classifier's
    pass over every candidate.

    Reference: Zhong, Liao, Zhang, Zhang and Wang, "OpenPath: Open-Set Active Learning for Pathology
    Image Classification via Pre-trained Vision-Language Models", MICCAI 2025.
    """

    cites = ("zhong2025openpath",)

    texts: tuple[Tensor, Tensor] | None = field(default=None, repr=False, compare=False)
    _: KW_ONLY
    share: float = 0.25
    groups: int = 10
    embeddings: str = "embeddings"
    features: str = "features"
    logits: str = "logits"

    def plan(self) -> Chain:
        """Texts and k-means centers first, then prototypes and the entropy within groups."""
        as_count(self.groups, "groups", minimum=1)
        near = TopShare(PrototypePurity(self.features, of="mean"), share=self.share)
        torn = TopPerGroup(Entropy(self.logits), groups=RandomGroups(self.groups))
        spread = KMeansCenters(Directions(self.embeddings))
        return Chain(
            UntilKnown(Filter(PromptMargin()), then=near),
            UntilKnown(spread, then=torn),
            learners=(
                *prompts_of(self.texts, Prompts, self.embeddings),
                EmbeddingClassifier(embeddings=self.embeddings),
            ),
        )
